using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Rejects;

public sealed class HiddenMarkTests
{
    public static TheoryData<CsvDialect, string> Dialects => new()
    {
        { CsvDialect.Default, "[hidden]" },
        { CsvDialect.Default with { Delimiter = "h" }, "***" },
        { CsvDialect.Default with { Delimiter = "]]" }, "***" },
        { CsvDialect.Default with { Delimiter = "*" }, "[hidden]" },
        { CsvDialect.Default with { QuoteChar = "n" }, "***" },
        { CsvDialect.Default with { QuoteChar = "", EscapeChar = "e" }, "***" },
        { CsvDialect.Default with { LineTerminator = "d;" }, "***" },
        { CsvDialect.Default with { CommentChar = "[" }, "***" },
        { CsvDialect.Default with { NullSequence = "[hidden]" }, "***" },
        { CsvDialect.Default with { Delimiter = "i*", CommentChar = "**" }, "" },
        { CsvDialect.Default with { Delimiter = "*", QuoteChar = "d" }, "" },
    };

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Is_one_field_in_every_dialect(CsvDialect dialect, string mark)
    {
        CsvSyntax syntax = new(dialect);
        string written = Text.UTF8.GetString(HiddenMark.In(syntax));

        Assert.Equal(mark, written);
        Assert.Equal([mark, mark, ""], Read($"{written}{dialect.Delimiter}{written}{dialect.Delimiter}", dialect));
        Assert.Equal(
            [mark, ""], Read($"{dialect.QuoteChar}{written}{dialect.QuoteChar}{dialect.Delimiter}", dialect));
    }

    private static List<string> Read(string record, CsvDialect dialect)
    {
        byte[] bytes = Text.UTF8.GetBytes(record);
        CsvSyntax syntax = new(dialect);
        var fields = new RecordValue[4];
        Assert.True(CsvHeader.TryReadFirst(bytes, dialect, syntax, bytes.Length, skipBlankLines: false, fields, out CsvRecord read));
        Assert.Equal((RecordErrorCode.None, bytes.Length), (read.Fault, read.Length));
        byte[] scratch = new byte[bytes.Length];
        return
        [
            .. fields[..read.FieldCount].Select(field =>
                field.IsMissing ? "missing" : Text.UTF8.GetString(CsvText.Of(bytes, field, syntax, scratch))),
        ];
    }
}
