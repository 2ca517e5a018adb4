using System.Diagnostics;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
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
                ArrivingData arriving = new(CsvDialect.Default, data.Bytes, data.RecordBytesMax, data.SkipBlankLines, step, recordsMax);
                List<ReadRecord> whole = CsvReading.ReadPlain(data.Bytes, data.RecordBytesMax, data.SkipBlankLines);
                Assert.Equal(whole, arriving.ReadAll());
            },
            iter: 5_000,
            print: t => $"{t.Item2} {t.Item3} {CsvData.Show(t.Item1)}");

    /// <summary>
    /// Every line leaves a quote open that every later line goes through without closing it: each calls for a look
    /// ahead over the longest record. Walked one by one that is some 10^12 steps.
    /// </summary>
    [Fact]
    public void Looks_ahead_in_linear_time()
    {
        byte[] data = [.. Enumerable.Repeat("a\",x,\"\n"u8.ToArray(), 400_000).SelectMany(line => line)];
        CsvRecordScanner scanner = new(CsvDialect.Default, recordBytesMax: 1 << 20, skipBlankLines: true);

        long started = Stopwatch.GetTimestamp();
        ScanResult result = scanner.Scan(data, isFinal: true, int.MaxValue);

        Assert.Equal(new ScanResult(data.Length, 400_000, 400_000, RecordTooLong: false), result);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }
}
