using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class CsvTokenizerTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "a|b / c|d")]
    [InlineData("a,b\r\nc,d\r\n", "a|b / c|d")]
    [InlineData("a,b\rc,d\r", "a|b / c|d")]
    [InlineData("a,b\n\rc,d", "a|b / c|d")]
    [InlineData("a,b", "a|b")]
    [InlineData("a,", "a|")]
    [InlineData(",", "|")]
    [InlineData("", "")]
    [InlineData("\n\r\n\r", "")]
    [InlineData("a\n\n\r\n\rb\n", "a / b")]
    public void Ends_records_at_LF_CRLF_CR_and_the_end_of_the_data(string data, string expected) =>
        Assert.Equal(expected, Show(data));

    [Theory]
    [InlineData("\"a,b\",c", "a,b|c")]
    [InlineData("\"a\nb\r\nc\rd\",e\nf", "a\nb\r\nc\rd|e / f")]
    [InlineData("\"\",\"\"\n", "|")]
    [InlineData("\"say \"\"hi\"\"\",\"\"\"\",\"\"\"x\"", "say \"hi\"|\"|\"x")]
    [InlineData("a\"b\",c\"\n\"d\"", "a\"b\"|c\" / d")]
    [InlineData(" \"a\"", " \"a\"")]
    public void Takes_quotes_off_where_a_field_starts_with_one(string data, string expected) =>
        Assert.Equal(expected, Show(data));

    [Theory]
    [InlineData("1,\"a\n2,b\n3,c\n", "!1,\"a / 2|b / 3|c")]
    [InlineData("1,\"a\"x\n2,b\n", "!1,\"a\"x / 2|b")]
    [InlineData("1,\"a\n2,\"b\"\n3,c\n", "!1,\"a / 2|b / 3|c")]
    [InlineData("1,\"a\r\n2,b\"x\r\n3,c", "!1,\"a / 2|b\"x / 3|c")]
    [InlineData("1,\"a\" ,2\n", "!1,\"a\" ,2")]
    [InlineData("1,\"a", "!1,\"a")]
    [InlineData("\"", "!\"")]
    [InlineData("\"\n", "!\"")]
    public void A_quote_at_fault_costs_its_first_line_and_no_neighbour(string data, string expected) =>
        Assert.Equal(expected, Show(data));

    [Fact]
    public void A_quoted_field_must_close_within_the_longest_record()
    {
        byte[] data = "\"123\n567\"\n\"123\n5678\"\n"u8.ToArray();

        List<ReadRecord> records = CsvReading.ReadFast(data, recordBytesMax: 9);

        Assert.Equal(
            [RecordErrorCode.None, RecordErrorCode.UnterminatedQuote, RecordErrorCode.None],
            records.Select(r => r.Fault));
        Assert.Equal([2, 1, 1], records.Select(r => r.Record.Lines));
        Assert.Equal([0, 2, 3], records.Select(r => r.Record.FirstLine));
    }

    [Theory]
    [InlineData("1234567890\nab\n")]
    [InlineData("\"1234567890\nab\"\n")]
    [InlineData("\"12345678\"9\nab")]
    public void A_line_longer_than_the_longest_record_is_too_long_whatever_its_quotes(string data)
    {
        List<ReadRecord> records = CsvReading.ReadFast(System.Text.Encoding.UTF8.GetBytes(data), recordBytesMax: 9);

        Assert.Equal([RecordErrorCode.RecordTooLong, RecordErrorCode.None], records.Select(r => r.Fault));
    }

    [Fact]
    public void An_empty_line_is_a_record_where_records_have_one_field()
    {
        List<string[]> values = CsvReading.Values("a\n\n\"\"\r\n\r\n"u8, skipBlankLines: false);

        Assert.Equal([["a"], [""], [""], [""]], values);
    }

    [Fact]
    public void Empty_lines_count_as_lines()
    {
        List<ReadRecord> records = CsvReading.ReadFast("\na\r\n\r\n\r\"b\nc\"\nd"u8);

        Assert.Equal([1, 4, 6], records.Select(r => r.Record.FirstLine));
    }

    [Fact]
    public void Counts_fields_beyond_those_it_has_room_for()
    {
        List<ReadRecord> records = CsvReading.ReadFast("1,2,3,4,5,6,7,8,9,\"10\"\n"u8);

        Assert.Equal(10, Assert.Single(records).Record.FieldCount);
    }

    [Fact]
    public void Obeys_the_dialect()
    {
        CsvDialect dialect = new() { Delimiter = "\t", QuoteChar = "'", Header = false };

        Assert.Equal([["a,b", "c\td", "\"e\""]], CsvReading.Values("a,b\t'c\td'\t\"e\"\n"u8, dialect: dialect));
        Assert.Equal([["a", "b"]], CsvReading.Values("a\0b"u8, dialect: new() { Delimiter = "\0", Header = false }));
    }

    [Fact]
    public void Reads_like_its_plain_twin() => CsvData.Any.Sample(
        data =>
        {
            List<ReadRecord> plain = CsvReading.ReadPlain(data.Bytes, data.RecordBytesMax, data.SkipBlankLines);
            List<ReadRecord> fast = CsvReading.ReadFast(data.Bytes, data.RecordBytesMax, data.SkipBlankLines);
            Assert.Equal(plain, fast);
        },
        iter: 10_000,
        print: CsvData.Show);

    private static string Show(string data) =>
        string.Join(
            " / ",
            CsvReading.Values(System.Text.Encoding.UTF8.GetBytes(data)).Select(values => string.Join('|', values)));
}
