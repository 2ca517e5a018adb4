using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>What is written in a dialect is read in it as what it was.</summary>
public sealed class CsvLineTests
{
    private const int FieldsMax = 6;

    private static readonly Gen<(CsvDialect Dialect, string?[][] Records)> Written = DialectData.Dialect.SelectMany(
        dialect => CellOf(dialect).Array[2, FieldsMax].Array[1, 6], (dialect, records) => (dialect, records));

    [Fact]
    public void What_is_written_is_read_as_it_was() => Written.Sample(
        data =>
        {
            (CsvDialect written, string?[][] records) = (data.Dialect.ForRejects(), data.Records);
            CsvLine line = new(written);
            foreach (string?[] record in records)
            {
                foreach (string? cell in record)
                {
                    Append(line, cell);
                }

                line.End();
            }

            Assert.Equal(records, Read(line.Bytes.Span, written));
        },
        iter: 5_000,
        print: data => $"{DialectData.Show(data.Dialect)} {string.Join('/', data.Records.SelectMany(r => r).Select(c => $"<{c ?? "~"}>"))}");

    /// <summary>Values of letters, blanks and all that means something in the dialect, and no value where that can be said.</summary>
    private static Gen<string?> CellOf(CsvDialect dialect)
    {
        string[] pieces =
        [
            dialect.Delimiter, dialect.LineTerminator ?? "\n", dialect.QuoteChar, dialect.EscapeChar ?? "", dialect.NullSequence ?? "",
            dialect.CommentChar ?? "", dialect.Delimiter[..1], "a", "é", "😀", " ", "\n", "\r\n", "\r", "\"", "=", "'",
        ];
        Gen<string?> text = Gen.OneOf<string>(pieces).Array[0, 5].Select(all => (string?)string.Concat(all));
        return dialect.NullSequence is null ? text : Gen.Frequency((4, text), (1, Gen.Const(() => (string?)null)));
    }

    private static void Append(CsvLine line, string? cell)
    {
        if (cell is null)
        {
            line.AppendNull();
        }
        else
        {
            line.Append(Text.UTF8.GetBytes(cell));
        }
    }

    private static List<string?[]> Read(ReadOnlySpan<byte> bytes, CsvDialect dialect)
    {
        CsvSyntax syntax = new(dialect);
        var fields = new RecordValue[FieldsMax];
        DialectTokenizer reader = new(bytes, syntax, bytes.Length, skipBlankLines: true, isFinal: true, fields);
        List<string?[]> records = [];
        while (reader.Read(out CsvRecord record))
        {
            Assert.Equal(RecordErrorCode.None, record.Fault);
            List<string?> cells = [];
            foreach (RecordValue field in fields.AsSpan(0, record.FieldCount))
            {
                ReadOnlySpan<byte> text = CsvText.Of(bytes, field, syntax, new byte[field.Length]);
                cells.Add(field.Kind == ValueKind.Null ? null : Text.UTF8.GetString(FormulaGuard.Undo(text)));
            }

            records.Add([.. cells]);
        }

        return records;
    }
}
