using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>Finds where the records of delimited text end, by <see cref="CsvRules"/>.</summary>
/// <param name="dialect">How the records are written.</param>
/// <param name="recordBytesMax">The longest record, without its line end.</param>
/// <param name="skipBlankLines">Whether an empty line is no record: true unless records have a single field.</param>
public sealed class CsvRecordScanner(CsvDialect dialect, int recordBytesMax, bool skipBlankLines) : RecordScanner
{
    /// <inheritdoc/>
    /// <remarks>
    /// Progress is certain once <c>recordBytesMax + 2</c> bytes are at hand; give no fewer when more can be had.
    /// </remarks>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        var reader = CsvTokenizer.ForBoundaries(bytes, dialect, recordBytesMax, skipBlankLines, isFinal);
        int records = 0;
        while (records < recordsMax && reader.Read(out CsvRecord record))
        {
            if (record.Fault == RecordErrorCode.RecordTooLong)
            {
                return new ScanResult(record.Start, records, record.FirstLine, RecordTooLong: true);
            }

            records++;
        }

        return new ScanResult(reader.Position, records, reader.Lines, RecordTooLong: false);
    }

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        int lineEnd = bytes.IndexOfAny((byte)'\n', (byte)'\r');
        return lineEnd < 0 ? 0 : Math.Max(0, CsvRules.BehindLineEnd(bytes, lineEnd, isFinal));
    }
}
