using System.Diagnostics;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class CsvRecordScannerTests
{
    private static readonly CsvRecordScanner Scanner = new(CsvDialect.Default, recordBytesMax: 20, skipBlankLines: true);

    [Theory]
    [InlineData("a,b\nc,d", false, 4, 1, 1)]
    [InlineData("a,b\nc,d", true, 7, 2, 2)]
    [InlineData("a,b\r", false, 0, 0, 0)]
    [InlineData("a,b\r", true, 4, 1, 1)]
    [InlineData("a,b\rc", false, 4, 1, 1)]
    [InlineData("\n\r\n\r", false, 3, 0, 2)]
    [InlineData("\"a\nb\",c\n\"", false, 8, 1, 2)]
    [InlineData("\"a\nb\"", false, 0, 0, 0)]
    [InlineData("\"a\nb\"", true, 5, 1, 2)]
    [InlineData("\"a\nb", true, 4, 2, 2)]
    [InlineData("\"a\"b", false, 0, 0, 0)]
    [InlineData("\"a\"b\n", false, 5, 1, 1)]
    [InlineData("", true, 0, 0, 0)]
    public void Counts_records_and_lines_and_leaves_what_is_undecided(
        string data, bool isFinal, int length, int records, int lines) =>
        Assert.Equal(
            new ScanResult(length, records, lines, RecordTooLong: false),
            Scanner.Scan(System.Text.Encoding.UTF8.GetBytes(data), isFinal, recordsMax: 100));

    [Fact]
    public void Stops_after_the_records_asked_for() =>
        Assert.Equal(
            new ScanResult(4, 2, 2, RecordTooLong: false), Scanner.Scan("a\nb\nc\n"u8, isFinal: false, recordsMax: 2));

    [Fact]
    public void Reports_a_line_that_is_too_long_as_soon_as_it_is()
    {
        byte[] good = "a,b\n\n"u8.ToArray();
        byte[] longest = [.. good, .. Enumerable.Repeat((byte)'x', 20)];

        Assert.Equal(new ScanResult(5, 1, 2, RecordTooLong: false), Scanner.Scan(longest, isFinal: false, 100));
        Assert.Equal(new ScanResult(25, 2, 3, RecordTooLong: false), Scanner.Scan(longest, isFinal: true, 100));
        byte[] tooLong = [.. longest, (byte)'x'];
        Assert.Equal(new ScanResult(5, 1, 2, RecordTooLong: true), Scanner.Scan(tooLong, isFinal: false, 100));
    }

    [Theory]
    [InlineData("abc\ndef", false, 4)]
    [InlineData("abc\r\ndef", false, 5)]
    [InlineData("abc\rdef", false, 4)]
    [InlineData("abc\r", false, 0)]
    [InlineData("abc\r", true, 4)]
    [InlineData("abc", true, 0)]
    public void Skips_to_behind_the_line_end(string data, bool isFinal, int expected) =>
        Assert.Equal(expected, Scanner.SkipLine(System.Text.Encoding.UTF8.GetBytes(data), isFinal));

    [Fact]
    public void However_the_data_arrives_and_is_cut_the_records_are_the_same() => Gen
        .Select(CsvData.Any, Gen.Int[1, 30], Gen.Int[1, 4])
        .Sample(
            (data, step, recordsMax) =>
            {
                ArrivingData arriving = new(data.Bytes, data.RecordBytesMax, data.SkipBlankLines, step, recordsMax);
                List<ReadRecord> whole = CsvReading.ReadPlain(data.Bytes, data.RecordBytesMax, data.SkipBlankLines);
                Assert.Equal(whole, arriving.ReadAll());
            },
            iter: 50_000,
            print: t => $"{t.Item2} {t.Item3} {CsvData.Show(t.Item1)}");

    /// <summary>
    /// Every line leaves a quote open that every later line goes through without closing it: each calls for a look
    /// ahead over the longest record. Walked one by one that is some 10^12 steps.
    /// </summary>
    [Fact]
    public void Looks_ahead_in_linear_time()
    {
        byte[] data = [.. Enumerable.Repeat("a\",x,\"\n"u8.ToArray(), 1_000_000).SelectMany(line => line)];
        CsvRecordScanner scanner = new(CsvDialect.Default, recordBytesMax: 1 << 20, skipBlankLines: true);

        long started = Stopwatch.GetTimestamp();
        ScanResult result = scanner.Scan(data, isFinal: true, int.MaxValue);

        Assert.Equal(new ScanResult(data.Length, 1_000_000, 1_000_000, RecordTooLong: false), result);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    /// <summary>
    /// What a chunk reader does: scan what has come, cut, read the chunk by itself; skip lines that are too long.
    /// </summary>
    private sealed class ArrivingData(byte[] bytes, int recordBytesMax, bool skipBlankLines, int step, int recordsMax)
    {
        private readonly CsvRecordScanner _scanner = new(CsvDialect.Default, recordBytesMax, skipBlankLines);
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
                    Assert.True(AtHand.Length < recordBytesMax + 2, "The scanner must decide.");
                    Grow();
                }
            }
        }

        private void ReadChunk(ScanResult result)
        {
            List<ReadRecord> records = CsvReading.ReadFast(AtHand[..result.Length], recordBytesMax, skipBlankLines);
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
            int skipped = _scanner.SkipLine(AtHand, IsFinal);
            while (skipped == 0 && !IsFinal)
            {
                Grow();
                skipped = _scanner.SkipLine(AtHand, IsFinal);
            }

            ReadOnlySpan<byte> line = AtHand[..(skipped == 0 ? AtHand.Length : skipped)];
            int length = line.TrimEnd("\r\n"u8).Length;
            _records.Add(new ReadRecord(new CsvRecord(_start, length, _lines, 1, 0, RecordErrorCode.RecordTooLong), ""));
            _start += line.Length;
            _lines++;
        }

        private void Grow() => _end = Math.Min(bytes.Length, _end + step);
    }
}
