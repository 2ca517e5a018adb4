using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class CsvHeaderTests
{
    [Fact]
    public void Reads_names_with_quoting_removed_and_nothing_else_changed()
    {
        ImmutableArray<string> names = CsvHeader.Read(
            "id, name ,\"a \"\"b\"\"\",\"two\nlines\",é\r\n"u8, CsvDialect.Default, recordBytesMax: 100, out string? error);

        Assert.Null(error);
        Assert.Equal(["id", " name ", "a \"b\"", "two\nlines", "é"], names);
    }

    [Fact]
    public void Quotes_in_a_name_that_does_not_start_with_one_are_data_as_they_are_in_a_record()
    {
        const string Line = "\"Year\", \"Score\",width 5\",a\"xb,\"\"\"q\"\"\"\n";
        string[] expected = ["Year", " \"Score\"", "width 5\"", "a\"xb", "\"q\""];

        ImmutableArray<string> names = CsvHeader.Read(
            System.Text.Encoding.UTF8.GetBytes(Line), CsvDialect.Default, recordBytesMax: 100, out string? error);

        Assert.Null(error);
        Assert.Equal(expected, names);
        Assert.Equal(expected, Assert.Single(CsvReading.Values(System.Text.Encoding.UTF8.GetBytes(Line))));
    }

    [Fact]
    public void Says_that_a_name_with_nul_looks_like_UTF_16()
    {
        string? error = ErrorOf(System.Text.Encoding.Unicode.GetBytes("id,name"));

        Assert.Equal(
            "The header holds NUL characters (U+0000): it is no text, or UTF-16 without a byte order mark. For that send charset=utf-16le "
                + "(or utf-16be) in the Content-Type, or set it as the dataset's encoding.",
            error);
        Assert.Contains("UTF-16", ErrorOf(new byte[100]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1F8B08000000", "gzip")]
    [InlineData("28B52FFD0000", "Zstandard")]
    [InlineData("504B030414000A", "ZIP")]
    [InlineData("D0CF11E0A1B1", ".xls")]
    [InlineData("FFFE69006400", "UTF-16")]
    [InlineData("FEFF00690064", "UTF-16")]
    [InlineData("425A68393141592653", "bzip2")]
    [InlineData("FD377A585A00", "xz")]
    [InlineData("504152311504", "Parquet")]
    [InlineData("4152524F57310000", "Arrow file")]
    [InlineData("FFFFFFFF78000000", "Arrow stream")]
    [InlineData("255044462D31", "PDF")]
    public void Names_what_is_no_text_by_its_first_bytes(string hex, string name)
    {
        ImmutableArray<string> names = CsvHeader.Read(
            [.. Convert.FromHexString(hex), 0xFF], CsvDialect.Default, recordBytesMax: 100, out string? error);

        Assert.Empty(names);
        Assert.Contains(name, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_why_there_are_no_names()
    {
        Assert.Equal("The data has no header: it is empty.", ErrorOf("\n\n"u8));
        Assert.Equal("The header has a quote that is not closed, or text after a closing quote.", ErrorOf("a,\"b\n"u8));
        Assert.Equal("The header is longer than 100 bytes.", ErrorOf([.. Enumerable.Repeat((byte)'x', 101)]));
        Assert.Equal("The header is not valid UTF-8.", ErrorOf([0xFF, (byte)'\n']));
    }

    [Theory]
    [InlineData("PAR1,x")]
    [InlineData("BZh91\"")]
    [InlineData("PKa")]
    [InlineData("%PDF")]
    [InlineData("")]
    public void Text_that_begins_almost_so_is_text(string text) =>
        Assert.Null(ForeignContent.SentenceOf(System.Text.Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Finds_a_byte_order_mark()
    {
        Assert.Equal(3, ByteOrderMark.LengthIn([0xEF, 0xBB, 0xBF, (byte)'a']));
        Assert.Equal(0, ByteOrderMark.LengthIn([0xEF, 0xBB]));
        Assert.Equal(0, ByteOrderMark.LengthIn("abc"u8));
    }

    private static string? ErrorOf(ReadOnlySpan<byte> data)
    {
        Assert.Empty(CsvHeader.Read(data, CsvDialect.Default, recordBytesMax: 100, out string? error));
        return error;
    }
}
