using System.Diagnostics;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class DialectTokenizerTests
{
    private static readonly CsvDialect Backslashes = CsvDialect.Default with { EscapeChar = "\\" };
    private static readonly CsvDialect NoQuotes = CsvDialect.Default with { QuoteChar = "" };
    private static readonly CsvDialect Comments = CsvDialect.Default with { CommentChar = "#" };
    private static readonly CsvDialect Nulls = CsvDialect.Default with { NullSequence = "\\N" };

    [Theory]
    [InlineData("||", "a||b|c||\nd||e", "a/b|c/ : d/e")]
    [InlineData("||", "a|||b\n", "a/|b")]
    [InlineData("||", "\"a||b\"||\"c\"\n", "a||b/c")]
    [InlineData("«»", "a«»b«c\n", "a/b«c")]
    [InlineData("ab", "xabyaab\n", "x/ya/")]
    public void A_delimiter_may_have_several_characters(string delimiter, string data, string expected) =>
        Assert.Equal(expected, Show(CsvDialect.Default with { Delimiter = delimiter }, data));

    [Theory]
    [InlineData(";", "a,b;c,d\ne;\n,f", "a/b : c/d\ne : \n/f")]
    [InlineData("~~", "a,~b~~\"c~~d\"~~~~e", "a/~b : c~~d : e")]
    [InlineData("\r", "a\nb\rc\r\nd", "a : b : c : d")]
    [InlineData("\n", "a\nb\rc\r\nd", "a : b : c : d")]
    public void A_line_end_of_its_own_is_the_only_one_and_the_usual_ones_are_all_the_same(
        string lineEnd, string data, string expected) =>
        Assert.Equal(expected, Show(CsvDialect.Default with { LineTerminator = lineEnd }, data));

    [Fact]
    public void Without_quotes_a_quote_is_data() => Assert.Equal("\"a/b\"\" : \"c", Show(NoQuotes, "\"a,b\"\"\n\"c\n"));

    [Theory]
    [InlineData("\"a\",'b'\n", "\"a\"/b")]
    [InlineData("'it''s',''''\n", "it's/'")]
    public void The_quote_may_be_any_character(string data, string expected)
    {
        Assert.Equal(expected, Show(CsvDialect.Default with { QuoteChar = "'", CommentChar = "#" }, data));
        Assert.Equal(
            expected.Replace('\'', '“'), Show(CsvDialect.Default with { QuoteChar = "“" }, data.Replace('\'', '“')));
    }

    [Theory]
    [InlineData("\"a\"\"b\",c\n", "!\"a\"\"b\",c")]
    [InlineData("\"a\",b\"\"\n", "a/b\"\"")]
    public void Without_doubled_quotes_the_first_closes_the_field(string data, string expected) =>
        Assert.Equal(expected, Show(CsvDialect.Default with { DoubleQuote = false }, data));

    [Theory]
    [InlineData("a\\,b,\\\"c\n", "a,b/\"c")]
    [InlineData("\"a\\\"b\"\"c\\\\\",d\n", "a\"b\"c\\/d")]
    [InlineData("a\\\nb,c\\\r\nd\n", "a\nb/c\r\nd")]
    [InlineData("\"a\\", "!\"a\\")]
    [InlineData("a\n1,b\\", "a : !1,b\\")]
    [InlineData("a\"\"\\b\n", "a\"\"b")]
    [InlineData("\\é,\\\\\n", "é/\\")]
    public void An_escape_makes_data_of_what_follows_it(string data, string expected) =>
        Assert.Equal(expected, Show(Backslashes, data));

    [Theory]
    [InlineData("a,  b, \"c, d\" \n", "a/b/!")]
    [InlineData("  a,  b, \"c, d\"\n", "a/b/c, d")]
    [InlineData("a,   \n", "a/")]
    public void Spaces_before_a_field_may_be_no_part_of_it(string data, string expected)
    {
        string shown = Show(CsvDialect.Default with { SkipInitialSpace = true }, data);

        Assert.Equal(expected.EndsWith('!') ? $"!{data.TrimEnd('\n')}" : expected, shown);
    }

    [Theory]
    [InlineData("\\N,\"\\N\",\\Nx,x\\N\n", "~/\\N/\\Nx/x\\N")]
    [InlineData("\\N", "~")]
    public void The_null_sequence_is_no_value_unless_it_is_quoted(string data, string expected)
    {
        Assert.Equal(expected, Show(Nulls, data));
        Assert.Equal("~/N/~", Show(Nulls with { EscapeChar = "\\", QuoteChar = "" }, "\\N,\\\\N,\\N").Replace("\\N", "N"));
        Assert.Equal("~//a", Show(CsvDialect.Default with { NullSequence = "" }, ",\"\",a\n"));
    }

    [Theory]
    [InlineData("#x\na,b\n# \"y\n#\nc,#d\n\"#\",e\n", "a/b : c/#d : #/e")]
    [InlineData("#only", "")]
    [InlineData("1,\"a\n#x,y\n2,b\n", "!1,\"a : 2/b")]
    [InlineData("\"a\n#b\",c\n", "a\n#b/c")]
    public void Lines_that_begin_with_the_comment_are_no_records(string data, string expected) =>
        Assert.Equal(expected, Show(Comments, data));

    [Fact]
    public void Comments_count_as_lines_and_end_at_the_first_line_end_whatever_is_before_it()
    {
        byte[] data = "#a\\\nb,\\\nc\n#\nd\n"u8.ToArray();

        List<ReadRecord> records = CsvReading.ReadDialect(data, 100, true, Backslashes with { CommentChar = "#" });

        Assert.Equal([(1, 2), (4, 1)], records.Select(r => (r.Record.FirstLine, r.Record.Lines)));
    }

    /// <summary>Rule 5 in every dialect: a record at fault costs its own line.</summary>
    [Theory]
    [InlineData("1,\"a\n2,b\n", "!1,\"a : 2/b")]
    [InlineData("1,\"a\\\nx\n2,b\n", "!1,\"a\\\nx : 2/b")]
    [InlineData("1,\"a\"x\n2,\"b\n3,\"c\"\n", "!1,\"a\"x : !2,\"b : 3/c")]
    public void A_fault_costs_a_line_and_no_neighbour(string data, string expected) => Assert.Equal(expected, Show(Backslashes, data));

    [Theory]
    [InlineData("12345678\\\n\nab\n")]
    [InlineData("#1234567890\nab\n")]
    [InlineData("\"12345678\"9\nab")]
    [InlineData("          1\nab")]
    public void A_line_longer_than_the_longest_record_is_too_long_whatever_it_is(string data)
    {
        CsvDialect dialect = Backslashes with { CommentChar = "#", SkipInitialSpace = true };

        List<ReadRecord> records = CsvReading.ReadDialect(Text.UTF8.GetBytes(data), recordBytesMax: 9, true, dialect);

        Assert.Equal([RecordErrorCode.RecordTooLong, RecordErrorCode.None], records.Select(r => r.Fault));
    }

    [Fact]
    public void Reads_like_its_plain_twin() => DialectData.Any.Sample(
        data => Assert.Equal(
            CsvReading.ReadPlain(data.Bytes, data.RecordBytesMax, data.SkipBlankLines, data.Dialect),
            CsvReading.ReadDialect(data.Bytes, data.RecordBytesMax, data.SkipBlankLines, data.Dialect)),
        iter: 10_000,
        print: DialectData.Show);

    [Fact]
    public void Reads_common_dialects_like_the_tokenizer_of_those() => CsvData.Any.Sample(
        data => Assert.Equal(
            CsvReading.ReadFast(data.Bytes, data.RecordBytesMax, data.SkipBlankLines),
            CsvReading.ReadDialect(data.Bytes, data.RecordBytesMax, data.SkipBlankLines, CsvDialect.Default)),
        iter: 10_000,
        print: CsvData.Show);

    [Fact]
    public void However_the_data_arrives_and_is_cut_the_records_are_the_same() => Gen
        .Select(DialectData.Any, Gen.Int[1, 30], Gen.Int[1, 4])
        .Sample(
            (data, step, recordsMax) =>
            {
                ArrivingData arriving = new(
                    data.Dialect, data.Bytes, data.RecordBytesMax, data.SkipBlankLines, step, recordsMax);
                Assert.Equal(
                    CsvReading.ReadPlain(data.Bytes, data.RecordBytesMax, data.SkipBlankLines, data.Dialect), arriving.ReadAll());
            },
            iter: 5_000,
            print: t => $"{t.Item2} {t.Item3} {DialectData.Show(t.Item1)}");

    /// <summary>
    /// Every line leaves a quote open that every later line goes through without closing it, and what comes behind the last is one
    /// field as long as a record: each line calls for a look ahead over all of it. Walked one by one that is some 10^12 steps.
    /// </summary>
    [Theory]
    [InlineData("a\",x,\"\n", "")]
    [InlineData("a\",x,\"\\\n\n", "")]
    [InlineData("a\",x,\"\n", "\",y")]
    [InlineData("a\\\"\",x,\"\n", "\\")]
    public void Looks_ahead_in_linear_time(string line, string end)
    {
        byte[] data =
        [
            .. Enumerable.Repeat(Text.UTF8.GetBytes(line), 200_000).SelectMany(bytes => bytes), .. Text.UTF8.GetBytes(end),
            .. Enumerable.Repeat((byte)'y', 1 << 21),
        ];
        CsvRecordScanner scanner = new(Backslashes, recordBytesMax: 1 << 20, skipBlankLines: true);

        long started = Stopwatch.GetTimestamp();
        ScanResult result = scanner.Scan(data, isFinal: true, int.MaxValue);

        Assert.True(result.RecordTooLong);
        Assert.Equal(200_000, result.Records);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Allocates_nothing_for_a_record()
    {
        byte[] data = Text.UTF8.GetBytes(string.Concat(Enumerable.Repeat("#c\n1,  \"a\nb\\\"\"\n\\N,2\n3,\"x\n", 500)));
        CsvSyntax syntax = new(Backslashes with { CommentChar = "#", NullSequence = "\\N", SkipInitialSpace = true });
        var fields = new RecordValue[2];

        int Read()
        {
            DialectTokenizer reader = new(data, syntax, 100, skipBlankLines: true, isFinal: true, fields);
            int records = 0;
            while (reader.Read(out _))
            {
                records++;
            }

            return records;
        }

        Assert.Equal(1_500, Read());
        Assert.Equal(0, Allocations.Of(() => Read()));
    }

    private static string Show(CsvDialect dialect, string data) => string.Join(
        " : ",
        CsvReading.Values(Text.UTF8.GetBytes(data), dialect: dialect).Select(values => string.Join('/', values)));
}
