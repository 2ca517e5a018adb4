using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Json;

public sealed class LineScannerTests
{
    private static readonly LineScanner Scanner = new(recordBytesMax: 10);

    [Theory]
    [InlineData("{}\n{}\n", false, 6, 2, 2)]
    [InlineData("{}\n{}", false, 3, 1, 1)]
    [InlineData("{}\n{}", true, 5, 2, 2)]
    [InlineData("{}\r\n\r\n \t\n{}\n", false, 12, 2, 4)]
    [InlineData("{}\r{}\n", false, 6, 1, 1)]
    [InlineData("{}\n  ", true, 5, 1, 2)]
    [InlineData("", true, 0, 0, 0)]
    public void Ends_records_at_LF_only(string data, bool isFinal, int length, int records, int lines) =>
        Assert.Equal(
            new ScanResult(length, records, lines, RecordTooLong: false),
            Scanner.Scan(System.Text.Encoding.UTF8.GetBytes(data), isFinal, recordsMax: 100));

    [Fact]
    public void Stops_after_the_records_asked_for() =>
        Assert.Equal(
            new ScanResult(5, 1, 3, RecordTooLong: false), Scanner.Scan("\n\n{}\n{}\n"u8, isFinal: true, recordsMax: 1));

    [Theory]
    [InlineData("{}\n12345678901", false)]
    [InlineData("{}\n12345678901\n{}\n", true)]
    public void Reports_a_line_that_is_too_long(string data, bool isFinal) =>
        Assert.Equal(
            new ScanResult(3, 1, 1, RecordTooLong: true),
            Scanner.Scan(System.Text.Encoding.UTF8.GetBytes(data), isFinal, recordsMax: 100));

    [Fact]
    public void Skips_to_behind_the_LF()
    {
        Assert.Equal(4, Scanner.SkipLine("a\rb\nc"u8, isFinal: false));
        Assert.Equal(0, Scanner.SkipLine("a\rb"u8, isFinal: true));
    }
}
