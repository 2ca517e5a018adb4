using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using Xunit;

namespace PipelineService.Core.Tests.Parsing;

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
    public void Says_why_there_are_no_names()
    {
        Assert.Equal("The data has no header: it is empty.", ErrorOf("\n\n"u8));
        Assert.Equal("The header has a quote that is not closed, or text after a closing quote.", ErrorOf("a,\"b\n"u8));
        Assert.Equal("The header is longer than 100 bytes.", ErrorOf([.. Enumerable.Repeat((byte)'x', 101)]));
        Assert.Equal("The header is not valid UTF-8.", ErrorOf([0xFF, (byte)'\n']));
    }

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
