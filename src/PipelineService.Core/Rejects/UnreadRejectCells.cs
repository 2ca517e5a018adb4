using System.Collections.Immutable;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Core.Rejects;

/// <summary>
/// Rejected records whose header is not known, so that nobody can say which value belongs to which column: nothing goes into
/// a cell, and the record stands beside them.
/// </summary>
/// <param name="columns">The names of the schema.</param>
public sealed class UnreadRejectCells(ImmutableArray<string> columns) : RejectCells
{
    /// <inheritdoc/>
    public override ImmutableArray<string> Columns => columns;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Write(ReadOnlySpan<byte> raw, bool isCut, CsvLine line)
    {
        for (int i = 0; i < columns.Length; i++)
        {
            line.Append([]);
        }

        return raw.IsEmpty ? "…"u8 : raw;
    }
}
