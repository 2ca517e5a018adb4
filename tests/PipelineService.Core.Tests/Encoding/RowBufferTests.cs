using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

public sealed class RowBufferTests
{
    [Fact]
    public void An_empty_copy_is_header_and_trailer()
    {
        var rows = new RowBuffer();
        Assert.Equal("5047434F50590AFF0D0A000000000000000000FFFF", Convert.ToHexString(rows.CopyBytes.Span));
        Assert.Equal(RowBuffer.HeaderBytes, RowBuffer.Header.Length);
    }

    [Fact]
    public void A_row_is_its_fields_with_their_lengths()
    {
        var rows = new RowBuffer();
        rows.BeginRow(3);
        rows.WriteInt64Field(258);
        rows.WriteNull();
        rows.WriteBytesField("ab"u8);
        rows.EndRow(record: 7, line: 9, rawStart: 11, rawLength: 13);

        Assert.Equal(new RowMark(RowBuffer.HeaderBytes, 7, 9, 11, 13), Assert.Single(rows.Marks.ToArray()));
        Assert.Equal(
            "0003" + "000000080000000000000102" + "FFFFFFFF" + "000000026162", Convert.ToHexString(rows.RowBytes(0, 1).Span));
    }

    [Fact]
    public void A_cancelled_row_leaves_nothing()
    {
        var rows = new RowBuffer();
        AddRow(rows, 1);
        rows.BeginRow(1);
        rows.WriteInt64Field(99);
        rows.CancelRow();
        AddRow(rows, 2);

        Assert.Equal(2, rows.Count);
        Assert.Equal(rows.RowBytes(0, 1).Length, rows.RowBytes(1, 1).Length);
        Assert.Equal(RowBuffer.HeaderBytes + rows.RowBytes(0, 2).Length + RowBuffer.Trailer.Length, rows.CopyBytes.Length);
    }

    [Fact]
    public void Rows_survive_growth_and_a_cleared_buffer_starts_again()
    {
        var rows = new RowBuffer();
        for (int round = 0; round < 2; round++)
        {
            rows.Clear();
            for (int i = 0; i < 1_000; i++)
            {
                AddRow(rows, i);
            }

            Assert.Equal(1_000, rows.Count);
            Assert.EndsWith("03E7", Convert.ToHexString(rows.RowBytes(999, 1).Span), StringComparison.Ordinal);
            Assert.Equal(0, rows.RowBytes(1_000, 0).Length);
        }
    }

    private static void AddRow(RowBuffer rows, long value)
    {
        rows.BeginRow(1);
        rows.WriteInt64Field(value);
        rows.EndRow(value + 1, value + 1, 0, 0);
    }
}
