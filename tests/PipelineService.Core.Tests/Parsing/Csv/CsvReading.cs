using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

/// <summary>A record as tests compare it: where it stands, what was found, and the fields as slices.</summary>
internal sealed record ReadRecord(CsvRecord Record, string Fields)
{
    public RecordErrorCode Fault => Record.Fault;
}

/// <summary>Reads delimited text in one go with either twin.</summary>
internal static class CsvReading
{
    public const int FieldsMax = 8;

    public static List<ReadRecord> ReadFast(
        ReadOnlySpan<byte> bytes, int recordBytesMax = 1_000, bool skipBlankLines = true, CsvDialect? dialect = null,
        RecordShape? shape = null)
    {
        var fields = new RecordValue[FieldsMax];
        CsvTokenizer reader = new(bytes, dialect ?? CsvDialect.Default, recordBytesMax, skipBlankLines, fields, shape);
        List<ReadRecord> records = [];
        while (reader.Read(out CsvRecord record))
        {
            records.Add(new ReadRecord(record, Describe(record, fields)));
        }

        Assert.Equal(bytes.Length, reader.Position);
        return records;
    }

    public static List<ReadRecord> ReadPlain(
        ReadOnlySpan<byte> bytes, int recordBytesMax = 1_000, bool skipBlankLines = true, CsvDialect? dialect = null)
    {
        var fields = new RecordValue[FieldsMax];
        CsvTokenizerPlain reader = new(bytes, dialect ?? CsvDialect.Default, recordBytesMax, skipBlankLines, fields);
        List<ReadRecord> records = [];
        while (reader.Read(out CsvRecord record))
        {
            records.Add(new ReadRecord(record, Describe(record, fields)));
        }

        return records;
    }

    /// <summary>With the tokenizer for any dialect, also where the dialect is a common one.</summary>
    public static List<ReadRecord> ReadDialect(
        ReadOnlySpan<byte> bytes, int recordBytesMax, bool skipBlankLines, CsvDialect dialect, RecordShape? shape = null)
    {
        var fields = new RecordValue[FieldsMax];
        DialectTokenizer reader = new(bytes, new CsvSyntax(dialect), recordBytesMax, skipBlankLines, isFinal: true, fields, shape);
        List<ReadRecord> records = [];
        while (reader.Read(out CsvRecord record))
        {
            records.Add(new ReadRecord(record, Describe(record, fields)));
        }

        Assert.Equal(bytes.Length, reader.Position);
        return records;
    }

    /// <summary>
    /// The values of every record, no value as <c>~</c>; a record at fault is one value, <c>!</c> and its line.
    /// </summary>
    public static List<string[]> Values(ReadOnlySpan<byte> bytes, bool skipBlankLines = true, CsvDialect? dialect = null)
    {
        CsvDialect written = dialect ?? CsvDialect.Default;
        CsvSyntax syntax = new(written);
        var fields = new RecordValue[FieldsMax];
        if (syntax.IsCommon)
        {
            CsvTokenizer common = new(bytes, written, recordBytesMax: 1_000, skipBlankLines, fields);
            return Values(ref common, bytes, syntax, fields);
        }

        DialectTokenizer other = new(bytes, syntax, recordBytesMax: 1_000, skipBlankLines, isFinal: true, fields);
        return Values(ref other, bytes, syntax, fields);
    }

    private static List<string[]> Values<TTokenizer>(
        ref TTokenizer reader, ReadOnlySpan<byte> bytes, CsvSyntax syntax, RecordValue[] fields)
        where TTokenizer : struct, ICsvTokenizer, allows ref struct
    {
        List<string[]> values = [];
        while (reader.Read(out CsvRecord record))
        {
            List<string> row = [];
            foreach (RecordValue field in fields.AsSpan(0, Math.Min(FieldsMax, record.FieldCount)))
            {
                byte[] text = CsvText.Of(bytes, field, syntax, new byte[field.Length]).ToArray();
                row.Add(field.Kind == ValueKind.Null ? "~" : System.Text.Encoding.UTF8.GetString(text));
            }

            values.Add(record.Fault == RecordErrorCode.None
                ? [.. row]
                : [$"!{System.Text.Encoding.UTF8.GetString(bytes.Slice(record.Start, record.Length))}"]);
        }

        return values;
    }

    private static string Describe(CsvRecord record, RecordValue[] fields) => string.Join(
        ' ',
        fields.Take(record.FieldCount).Select(f => $"{f.Start - record.Start}+{f.Length}:{f.Kind}:{f.Spelling}"));
}
