using PipelineService.Core.Datasets;

namespace PipelineService.Tests.Datasets;

/// <summary>What a definition may say of delimited text, and what contradicts itself.</summary>
public sealed class DialectReaderTests
{
    [Fact]
    public void Reads_all_that_the_standard_says_of_delimited_text()
    {
        CsvDialect dialect = Read("""
            'delimiter': '||', 'lineTerminator': ';', 'quoteChar': '“', 'doubleQuote': false, 'escapeChar': '\\', 'skipInitialSpace': true,
            'nullSequence': '\\N', 'commentChar': '//', 'commentRows': [5, 2], 'header': true, 'headerRows': [4, 3], 'headerJoin': '-',
            'headerMatch': 'CaseInsensitive', 'raggedRows': 'pad'
            """);

        Assert.Equivalent(
            new CsvDialect
            {
                Delimiter = "||",
                LineTerminator = ";",
                QuoteChar = "“",
                DoubleQuote = false,
                EscapeChar = "\\",
                SkipInitialSpace = true,
                NullSequence = "\\N",
                CommentChar = "//",
                CommentRows = [2, 5],
                HeaderRows = [3, 4],
                HeaderJoin = "-",
                HeaderMatch = HeaderMatch.CaseInsensitive,
                RaggedRows = RaggedRows.Pad,
            },
            dialect,
            strict: true);
    }

    /// <summary>As tools write them out, which name what is the default, and what is said of other formats.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("'quoteChar': null, 'escapeChar': null, 'headerRows': null")]
    [InlineData(@"'delimiter': ',', 'quoteChar': '\""', 'doubleQuote': true, 'skipInitialSpace': false, 'headerRows': [1], 'headerJoin': ' '")]
    [InlineData("'csvddfVersion': 1.2, 'caseSensitiveHeader': false, 'table': 't', '$schema': 'x'")]
    public void What_is_the_default_or_of_another_format_changes_nothing(string dialect) =>
        Assert.Equal(CsvDialect.Default, Read(dialect));

    [Fact]
    public void An_empty_quoteChar_is_no_quotes() => Assert.Equal("", Read("'quoteChar': ''").QuoteChar);

    [Theory]
    [InlineData("'delimiter': ''", "delimiter: Must be a text of 1 to 64 bytes.")]
    [InlineData(@"'delimiter': ';\n'", "delimiter: Holds a line end, which ends a record: use another, or declare a lineTerminator.")]
    [InlineData("'delimiter': 3", "delimiter: Must be a text.")]
    [InlineData("'lineTerminator': ''", "lineTerminator: Must be a text of 1 to 64 bytes; leave it out for LF, CRLF and CR.")]
    [InlineData("'delimiter': '||', 'lineTerminator': '|'",
        "lineTerminator: Is a part of the delimiter, or has it in it: where one ends and the other begins could not be told. Use another.")]
    [InlineData("'delimiter': ';', 'lineTerminator': ';;'",
        "lineTerminator: Is a part of the delimiter, or has it in it: where one ends and the other begins could not be told. Use another.")]
    [InlineData(@"'quoteChar': '\""\""'", "quoteChar: Must be one character, and no line end or tab.")]
    [InlineData(@"'quoteChar': '\n'", "quoteChar: Must be one character, and no line end or tab.")]
    [InlineData("'quoteChar': ','", "quoteChar: Is a part of the delimiter or of the line end: use another, or \"\" for no quotes.")]
    [InlineData(@"'delimiter': '\"",\""'", "quoteChar: Is a part of the delimiter or of the line end: use another, or \"\" for no quotes.")]
    [InlineData(@"'escapeChar': '\""'", "escapeChar: Is the quoteChar: leave it out if quotes inside quotes are doubled, which doubleQuote says.")]
    [InlineData(@"'escapeChar': '\\\\'", "escapeChar: Must be one character, and no line end or tab.")]
    [InlineData("'escapeChar': '|', 'delimiter': '||'", "escapeChar: Is a part of the delimiter or of the line end: use another.")]
    [InlineData("'commentChar': ''", "commentChar: Must be a text of 1 to 64 bytes.")]
    [InlineData("'commentChar': ','",
        "commentChar: Is how a record may begin, with a quote, an escape, a delimiter or a line end: use another.")]
    [InlineData(@"'commentChar': '\""#'",
        "commentChar: Is how a record may begin, with a quote, an escape, a delimiter or a line end: use another.")]
    [InlineData("'commentChar': '|', 'delimiter': '||'",
        "commentChar: Is how a record may begin, with a quote, an escape, a delimiter or a line end: use another.")]
    [InlineData("'delimiter': ' ', 'skipInitialSpace': true",
        "delimiter: Begins with a space, which skipInitialSpace passes over: use another, or leave that out.")]
    [InlineData("'nullSequence': 'a,b'",
        "nullSequence: Could never be found: a field is never written so in this dialect, or not in the first place of a record.")]
    [InlineData(@"'nullSequence': '\""\""'",
        "nullSequence: Could never be found: a field is never written so in this dialect, or not in the first place of a record.")]
    [InlineData("'nullSequence': '#', 'commentChar': '#'",
        "nullSequence: Could never be found: a field is never written so in this dialect, or not in the first place of a record.")]
    [InlineData(@"'nullSequence': '\\', 'escapeChar': '\\'",
        "nullSequence: Could never be found: a field is never written so in this dialect, or not in the first place of a record.")]
    [InlineData("'nullSequence': ' -', 'skipInitialSpace': true",
        "nullSequence: Could never be found: a field is never written so in this dialect, or not in the first place of a record.")]
    [InlineData("'headerRows': []", "headerRows: Must name 1 to 16 rows; for data without names set header to false.")]
    [InlineData("'headerRows': [0]", "headerRows: Must be an array of different whole numbers from 1 to 1000: the first row is 1.")]
    [InlineData("'headerRows': [1, 1]", "headerRows: Must be an array of different whole numbers from 1 to 1000: the first row is 1.")]
    [InlineData("'headerRows': 2", "headerRows: Must be an array of different whole numbers from 1 to 1000: the first row is 1.")]
    [InlineData("'header': false, 'headerRows': [2]",
        "headerRows: There are no such rows where header is false: leave them out, or set it to true.")]
    [InlineData("'commentRows': [2], 'headerRows': [2, 3]", "commentRows: Row 2 is also one of headerRows: it is one or the other.")]
    [InlineData("'commentRows': [2, 4]",
        "commentRows: Row 4 stands among the records, which begin with row 3: rows are left out by their numbers before the records only. "
        + "Mark others by what they begin with, and declare that as commentChar.")]
    [InlineData("'header': false, 'commentRows': [2]",
        "commentRows: Row 2 stands among the records, which begin with row 1: rows are left out by their numbers before the records only. "
        + "Mark others by what they begin with, and declare that as commentChar.")]
    [InlineData("'headerMatch': 'case'", "headerMatch: \"case\" is not known here: use one of exact, caseInsensitive.")]
    [InlineData("'escape': 'x'", "escape: \"escape\" is not a known property. Did you mean \"escapeChar\"?")]
    [InlineData("'skipRows': 2", "skipRows: \"skipRows\" is not a known property. Did you mean \"headerRows\"?")]
    public void Refuses_what_contradicts_itself(string dialect, string fault) =>
        Assert.Equal(["/dialect/" + fault], DefinitionText.Faults(With(dialect)));

    [Fact]
    public void Lists_every_contradiction_at_once()
    {
        string[] faults = DefinitionText.Faults(With("""
            'delimiter': '|', 'lineTerminator': '||', 'quoteChar': '|', 'escapeChar': '|', 'commentChar': '|', 'headerJoin': 3,
            'headerRows': [2000], 'commentRows': [9], 'raggedRows': 'no'
            """));

        Assert.Equal(
            ["headerRows", "headerJoin", "raggedRows", "lineTerminator", "quoteChar", "escapeChar", "escapeChar", "commentChar", "commentRows"],
            faults.Select(fault => fault["/dialect/".Length..fault.IndexOf(':', StringComparison.Ordinal)]));
    }

    [Fact]
    public void Names_that_match_as_one_are_a_fault_of_the_schema()
    {
        const string Fields = "'schema': { 'fields': [ { 'name': 'Id' }, { 'name': 'x', 'source': ' ID ' } ] }";

        Assert.Equal(
            ["/schema/fields/1/source: Is the name of field 0 but for case or blanks, which dialect.headerMatch takes for the same."],
            DefinitionText.Faults($"{{ 'dialect': {{ 'headerMatch': 'caseInsensitive' }}, {Fields} }}"));
        Assert.NotNull(DefinitionText.Read($"{{ {Fields} }}"));
    }

    private static CsvDialect Read(string dialect) => DefinitionText.Read(With(dialect)).Dialect;

    private static string With(string dialect) => $"{{ 'dialect': {{ {dialect} }}, 'schema': {{ 'fields': [ {{ 'name': 'a' }} ] }} }}";
}
