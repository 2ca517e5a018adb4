using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>Guesses at what a header is that does not match; what most people see of them is a table of the service's tests.</summary>
public sealed class HeaderAdviceTests
{
    private static readonly CsvDialect Tabs = CsvDialect.Default with { Delimiter = "\t" };
    private static readonly CsvDialect Semicolons = CsvDialect.Default with { Delimiter = ";" };

    [Fact]
    public void The_delimiter_by_which_most_names_match_is_the_one()
    {
        Assert.Equal(
            "The header looks delimited by \"|\" and not by \",\": set dialect.delimiter to \"|\".", AdviceFor("id|a;b|name"));
        Assert.Equal(
            "The header looks delimited by \",\" and not by \";\": set dialect.delimiter to \",\".",
            AdviceFor("\"id\",\"na;me\",name", dialect: Semicolons));
    }

    [Fact]
    public void A_delimiter_that_the_content_type_has_overruled_is_told_apart()
    {
        Assert.Equal(
            "The header looks delimited by \",\" and not by tabs: send the data as text/csv, which goes by dialect.delimiter.",
            AdviceFor("id,name", dialect: Tabs, declared: CsvDialect.Default));
        Assert.Equal(
            "The header looks delimited by \";\" and not by tabs: send the data as text/csv, and set dialect.delimiter to \";\".",
            AdviceFor("id;name", dialect: Tabs, declared: CsvDialect.Default));
    }

    [Theory]
    [InlineData("id;x,name", "")]
    [InlineData("i\0d,name", "")]
    [InlineData("id,name,note;x", "Declare what is unknown, or set schema.fieldsMatch to \"subset\": then it is not loaded.")]
    public void A_delimiter_by_which_no_more_names_match_is_none(string header, string advice) =>
        Assert.Equal(advice, AdviceFor(header));

    [Fact]
    public void Of_names_that_look_alike_five_are_told()
    {
        string advice = AdviceFor("A,B,C,D,E,F,G", "a,b,c,d,e,f,g");

        Assert.Contains("\"E\" in the data and \"e\" in the schema differ only in case. So do 2 more. Names match", advice, StringComparison.Ordinal);
        Assert.DoesNotContain("\"F\"", advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,name1,a2,b", true, "The upload has only this one line; curl -d strips line ends, --data-binary keeps them.")]
    [InlineData("id,name1,a2,b", false, "")]
    [InlineData("1,a", true, "The first line looks like a record (\"1\" is no usual name): if the data has no header, set dialect.header to false.")]
    [InlineData("x,y", true, "If the data has no header, set dialect.header to false.")]
    [InlineData("x,y,z", false, "")]
    public void A_header_that_is_none_is_told_from_one_that_swallowed_the_records(string header, bool isAll, string advice) =>
        Assert.Equal(advice, AdviceFor(header, isAll: isAll));

    [Theory]
    [InlineData(FieldsMatch.Exact, "id,name,x", "subset")]
    [InlineData(FieldsMatch.Equal, "id", "superset")]
    [InlineData(FieldsMatch.Subset, "id", null)]
    [InlineData(FieldsMatch.Equal, "id,name,name,x", null)]
    public void What_is_more_or_less_than_declared_can_be_allowed(FieldsMatch match, string header, string? allowed)
    {
        string advice = AdviceFor(header, match: match);

        Assert.Equal(allowed is not null, advice.Length > 0);
        Assert.Contains($"{allowed}", advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id, \"name\"", "Blanks stand before quotes, which are data then: set dialect.skipInitialSpace to true, or send the data without these blanks.")]
    [InlineData("id, \"na,me\"", "")]
    [InlineData(",id,name", "Column 1 has no name, as where lines end with a delimiter, or a program has put numbers in front: take it out, or set schema.fieldsMatch to \"subset\"; then it is not loaded.")]
    public void Blanks_before_quotes_and_columns_without_a_name_are_told(string header, string advice) =>
        Assert.Equal(advice, AdviceFor(header));

    [Fact]
    public void A_value_that_may_be_personal_is_not_told()
    {
        const string Header = "17,Jane Doe";

        Assert.Contains("\"17\" is no usual name", AdviceFor(Header), StringComparison.Ordinal);
        Assert.Equal(
            "The first line looks like a record: if the data has no header, set dialect.header to false.",
            AdviceFor(Header, isPersonal: true));
        Assert.Contains("\"ID\" in the data", AdviceFor("ID,Jane Doe", isPersonal: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Report\nof today\n\nid,name\n1,a\n", "Row 4 looks like the header: set dialect.headerRows to [4]; rows before it are then no records.")]
    [InlineData("Report\r\n\r\nname;id;x\r\n", "Row 3 looks like the header: set dialect.headerRows to [3], and dialect.delimiter to \";\"; rows before it are then no records.")]
    [InlineData("a,b\rid\tname\r", "Row 2 looks like the header: set dialect.headerRows to [2], and dialect.delimiter to \"\\t\"; rows before it are then no records.")]
    [InlineData("id,x\nid,name\n", "Row 2 looks like the header: set dialect.headerRows to [2]; rows before it are then no records.")]
    [InlineData("Report\nid,name", "")] // more of it may come
    [InlineData("Report\nid\n1\n", "")] // half of the names are in many a line
    public void A_header_that_comes_later_is_found(string data, string advice) =>
        Assert.Equal(advice, AdviceFor(data.Split('\n', '\r')[0], beginning: data));

    private static string AdviceFor(
        string header,
        string schema = "id,name",
        CsvDialect? dialect = null,
        CsvDialect? declared = null,
        FieldsMatch? match = null,
        bool isAll = false,
        bool isPersonal = false,
        string beginning = "")
    {
        byte[] bytes = Text.UTF8.GetBytes(header);
        dialect ??= CsvDialect.Default;
        ImmutableArray<string> names = CsvHeader.Read(bytes, dialect, bytes.Length, out _);
        TableSchema fields = new()
        {
            Fields = [.. schema.Split(',').Select(name => new FieldDefinition { Name = name })],
            FieldsMatch = match,
        };
        return HeaderAdvice.For(bytes, names, fields, dialect, declared ?? dialect, isAll, isPersonal, Text.UTF8.GetBytes(beginning));
    }
}
