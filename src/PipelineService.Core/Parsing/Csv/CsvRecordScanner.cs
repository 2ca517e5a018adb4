using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>Finds where the records of delimited text end, by <see cref="CsvRules"/>.</summary>
/// <param name="dialect">How the records are written.</param>
/// <param name="recordBytesMax">The longest record, without its line end.</param>
/// <param name="skipBlankLines">Whether an empty line is no record: true unless records have a single field.</param>
/// <param name="shape">What the records have in common; null where that is not known.</param>
public sealed class CsvRecordScanner(CsvDialect dialect, int recordBytesMax, bool skipBlankLines, RecordShape? shape = null) : RecordScanner
{
    private readonly CsvSyntax _syntax = new(dialect);

    /// <summary>Progress is certain once so many bytes are at hand beyond the longest record.</summary>
    public int BytesAhead => _syntax.BytesAhead;

    /// <inheritdoc/>
    /// <remarks>
    /// Progress is certain once <c>recordBytesMax + BytesAhead</c> bytes are at hand; give no fewer when more can be had.
    /// </remarks>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        if (_syntax.IsCommon)
        {
            var common = CsvTokenizer.ForBoundaries(bytes, dialect, recordBytesMax, skipBlankLines, isFinal, shape);
            return Scan(ref common, recordsMax);
        }

        DialectTokenizer other = new(bytes, _syntax, recordBytesMax, skipBlankLines, isFinal, values: [], shape);
        return Scan(ref other, recordsMax);
    }

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        _ = _syntax.EndOfLine(bytes, start: 0, isFinal, out int next);
        return Math.Max(0, next);
    }

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes)
    {
        int end = _syntax.EndOfLine(bytes, start: 0, isFinal: false, out int next);
        return next < 0 ? end : 0;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => _syntax.WithoutLineEnd(line);

    private static ScanResult Scan<TTokenizer>(ref TTokenizer reader, int recordsMax)
        where TTokenizer : struct, ICsvTokenizer, allows ref struct
    {
        int records = 0;
        while ((records < recordsMax || reader.Position < reader.WholeTo) && reader.Read(out CsvRecord record))
        {
            if (record.Fault == RecordErrorCode.RecordTooLong)
            {
                return reader.CutBefore(record) with { Records = records };
            }

            records++;
        }

        return new ScanResult(reader.Position, records, reader.Lines, RecordTooLong: false);
    }
}
