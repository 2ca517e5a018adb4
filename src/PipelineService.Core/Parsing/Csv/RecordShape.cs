using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>What records of a file have in common: how they are written, and how many fields each has.</summary>
/// <param name="dialect">How they are written.</param>
/// <param name="fieldCount">Fields of a record.</param>
/// <param name="skipBlankLines">Whether an empty line is no record.</param>
public sealed class RecordShape(CsvDialect dialect, int fieldCount, bool skipBlankLines)
{
    internal CsvSyntax Syntax { get; } = new(dialect);

    internal bool SkipsBlankLines => skipBlankLines;

    /// <summary>Whether a record may have so many fields.</summary>
    internal bool Fits(int fields) =>
        fields == fieldCount || (fields < fieldCount && dialect.Pads) || (fields > fieldCount && dialect.Trims);
}
