using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>
/// What a chunk reader does: scan what has come, cut, read the chunk by itself; skip lines that are too long, and keep of them only
/// what may be half of a line end.
/// </summary>
internal sealed class ArrivingData(
    CsvDialect dialect, byte[] bytes, int recordBytesMax, bool skipBlankLines, int step, int recordsMax, RecordShape? shape = null)
{
    private readonly CsvRecordScanner _scanner = new(dialect, recordBytesMax, skipBlankLines, shape);
    private readonly bool _isCommon = new CsvSyntax(dialect).IsCommon;
    private readonly List<ReadRecord> _records = [];
    private int _start;
    private int _end;
    private int _lines;

    private bool IsFinal => _end == bytes.Length;

    private ReadOnlySpan<byte> AtHand => bytes.AsSpan(_start.._end);

    public List<ReadRecord> ReadAll()
    {
        while (true)
        {
            ScanResult result = _scanner.Scan(AtHand, IsFinal, recordsMax);
            ReadChunk(result);
            if (result.RecordTooLong)
            {
                SkipTooLong();
            }
            else if (result.Length == 0 && IsFinal)
            {
                Assert.Equal(bytes.Length, _start);
                return _records;
            }
            else if (result.Length == 0)
            {
                Assert.True(AtHand.Length < recordBytesMax + _scanner.BytesAhead, "The scanner must decide.");
                Grow();
            }
        }
    }

    private void ReadChunk(ScanResult result)
    {
        ReadOnlySpan<byte> chunk = AtHand[..result.Length];
        List<ReadRecord> records = _isCommon
            ? CsvReading.ReadFast(chunk, recordBytesMax, skipBlankLines, dialect, shape)
            : CsvReading.ReadDialect(chunk, recordBytesMax, skipBlankLines, dialect, shape);
        Assert.Equal(result.Records, records.Count);
        _records.AddRange(records.Select(r => r with
        {
            Record = r.Record with { Start = r.Record.Start + _start, FirstLine = r.Record.FirstLine + _lines },
        }));
        _start += result.Length;
        _lines += result.Lines;
    }

    private void SkipTooLong()
    {
        int start = _start;
        int skipped = _scanner.SkipLine(AtHand, IsFinal);
        while (skipped == 0 && !IsFinal)
        {
            _start += _scanner.PassedBy(AtHand);
            Grow();
            skipped = _scanner.SkipLine(AtHand, IsFinal);
        }

        _start = skipped == 0 ? bytes.Length : _start + skipped;
        int length = _scanner.WithoutLineEnd(bytes.AsSpan(start.._start)).Length;
        length = skipped == 0 ? _start - start : length;
        _records.Add(new ReadRecord(new CsvRecord(start, length, _lines, 1, 0, RecordErrorCode.RecordTooLong), ""));
        _lines++;
    }

    private void Grow() => _end = Math.Min(bytes.Length, _end + step);
}
