using System.Collections.Immutable;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class CsvPreludeTests
{
    private static readonly CsvDialect Comments = CsvDialect.Default with { CommentChar = "#" };

    /// <summary>The examples of the standard: https://datapackage.org/standard/table-dialect/.</summary>
    [Fact]
    public void Reads_what_the_standard_shows()
    {
        const string TwoRows = "fruit\nid,name\n1,apple\n";

        Assert.Equal("fruit id|fruit name", NamesOf(TwoRows, Rows(1, 2)));
        Assert.Equal("fruit-id|fruit-name", NamesOf(TwoRows, Rows(1, 2) with { HeaderJoin = "-" }));
        Assert.Equal(17, Find("id,name\n#fruits\r\n1,apple\n", CsvDialect.Default with { CommentRows = [2] }).Length);
        Assert.Equal("id|name", NamesOf("id,name\n#fruits\n1,apple\n", Comments));
    }

    [Theory]
    [InlineData("Report of May\n\nid,name\n1,a\n", "id|name", 23, 3)]
    [InlineData("Report \"of May\r\n\"x\ny\"\r\nid,name", "id|name", 30, 4)]
    public void Rows_before_the_header_are_passed_over(string data, string names, int length, int lines)
    {
        CsvDialect dialect = Rows(3);

        Assert.Equal(names, NamesOf(data, dialect));
        Assert.Equal(new ScanResult(length, 1, lines, RecordTooLong: false), Find(data, dialect));
    }

    [Theory]
    [InlineData("# made by hand\n\n# \"today\nid,name\n1,a\n", "id|name")]
    [InlineData("\nid,name\n#x\n", "id|name")]
    public void The_first_row_is_the_first_that_is_no_comment_and_not_empty(string data, string names) =>
        Assert.Equal(names, NamesOf(data, Comments));

    [Fact]
    public void Where_the_first_rows_are_comments_the_header_is_the_next()
    {
        CsvDialect dialect = CsvDialect.Default with { CommentRows = [1, 2, 4] };

        Assert.Equal("id|name", NamesOf("a\nb\nid,name\nunits,-\n1,x\n", dialect));
        Assert.Equal(20, Find("a\nb\nid,name\nunits,-\n1,x\n", dialect).Length);
        Assert.Equal(4, Find("a\nb\n1,x\n", dialect with { Header = false, CommentRows = [1, 2] }).Length);
    }

    [Theory]
    [InlineData("price,,size\nmin,max,\n", "price min|price max|size")]
    [InlineData(",price,\nid,min,max\n", "id|price min|price max")]
    [InlineData("a,b\n\n", "a|b")]
    [InlineData("a\nb,c,d\n", "a b|a c|a d")]
    [InlineData("a,b,c\nd\n", "a d|b|c")]
    public void A_name_over_several_fields_is_a_part_of_each(string data, string names) =>
        Assert.Equal(names, NamesOf(data, Rows(1, 2)));

    [Theory]
    [InlineData("", "The upload is empty: there is no header.", null, false)]
    [InlineData("\n\r\n", "The upload is empty: there is no header.", null, false)]
    [InlineData("#a\n#b", "The upload has no header: there are only comments and empty lines.", null, true)]
    [InlineData("a\nb\n", "The data ends before row 3, which dialect.headerRows names.", 3, false)]
    [InlineData("a\n\nb\n", "The rows that dialect.headerRows names are empty, or comments.", 2, false)]
    [InlineData("a\n#x\nb\n", "The rows that dialect.headerRows names are empty, or comments.", 2, true)]
    [InlineData("a\n\"b\nc\n", "The header has a quote that is not closed, or text after a closing quote.", 2, false)]
    public void Tells_what_is_missing(string data, string error, int? row, bool hasComments)
    {
        CsvDialect dialect = (row is int header ? Rows(header) : CsvDialect.Default) with { CommentChar = hasComments ? "#" : null };
        byte[] bytes = Text.UTF8.GetBytes(data);
        CsvPrelude prelude = new(dialect, recordBytesMax: 100);
        int length = prelude.Scan(bytes, isFinal: true).Length;

        Assert.Empty(prelude.ReadNames(bytes.AsSpan(0, length), out string? told));
        Assert.Equal(error, told);
    }

    [Theory]
    [InlineData("12345678901\nid\n")]
    [InlineData("#2345678901\nid\n")]
    public void A_row_over_the_limit_is_told_as_soon_as_it_is(string data) => Assert.True(
        new CsvPrelude(Comments, recordBytesMax: 10).Scan(Text.UTF8.GetBytes(data[..11]), isFinal: false).RecordTooLong);

    [Fact]
    public void However_the_rows_arrive_they_are_found_when_they_are_there() => Gen.Select(
        DialectData.Any, Gen.Int[1, 4].Array[0, 2], Gen.Bool).Sample(
        (data, rows, hasHeader) =>
        {
            CsvDialect dialect = data.Dialect with { Header = hasHeader };
            dialect = rows.Length == 0 ? dialect : dialect with { HeaderRows = [.. rows.Distinct().Order()] };
            CsvPrelude prelude = new(dialect, data.RecordBytesMax);
            ScanResult whole = prelude.Scan(data.Bytes, isFinal: true);
            for (int length = 0; length < data.Bytes.Length; length++)
            {
                ScanResult part = prelude.Scan(data.Bytes.AsSpan(0, length), isFinal: false);
                Assert.True(part.Records == 0 || part == whole, $"{length}: {part} {whole}");
                Assert.True(!part.RecordTooLong || whole.RecordTooLong, $"{length}: {part} {whole}");
            }
        },
        iter: 5_000,
        print: t => $"{string.Join(',', t.Item2)} {t.Item3} {DialectData.Show(t.Item1)}");

    private static CsvDialect Rows(params int[] rows) => CsvDialect.Default with { HeaderRows = [.. rows] };

    private static ScanResult Find(string data, CsvDialect dialect) =>
        new CsvPrelude(dialect, recordBytesMax: 100).Scan(Text.UTF8.GetBytes(data), isFinal: true);

    private static string NamesOf(string data, CsvDialect dialect)
    {
        byte[] bytes = Text.UTF8.GetBytes(data);
        CsvPrelude prelude = new(dialect, recordBytesMax: 100);
        ImmutableArray<string> names = prelude.ReadNames(bytes.AsSpan(0, prelude.Scan(bytes, isFinal: true).Length), out string? error);
        Assert.Null(error);
        return string.Join('|', names);
    }
}
