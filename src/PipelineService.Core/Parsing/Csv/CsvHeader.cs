using System.Buffers;
using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using Utf8 = System.Text.Unicode.Utf8;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>The record that names the fields of delimited text.</summary>
public static class CsvHeader
{
    private const string QuoteFault = "The header has a quote that is not closed, or text after a closing quote.";

    /// <summary>Reads the names, quoting removed and nothing else changed.</summary>
    /// <param name="bytes">The first record as a scanner found it; a byte order mark is no part of it.</param>
    /// <param name="dialect">How it is written.</param>
    /// <param name="recordBytesMax">The longest record.</param>
    /// <param name="error">Why there are no names, for the user to read; else null.</param>
    /// <returns>The names in the order of the data; empty with an error.</returns>
    public static ImmutableArray<string> Read(
        ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, out string? error)
    {
        RecordValue[] fields = ArrayPool<RecordValue>.Shared.Rent(ParsingLimits.FieldsMax);
        try
        {
            return Read(bytes, dialect, recordBytesMax, fields.AsSpan(0, ParsingLimits.FieldsMax), out error);
        }
        finally
        {
            ArrayPool<RecordValue>.Shared.Return(fields);
        }
    }

    private static ImmutableArray<string> Read(
        ReadOnlySpan<byte> bytes, CsvDialect dialect, int recordBytesMax, Span<RecordValue> fields, out string? error)
    {
        CsvSyntax syntax = new(dialect);
        error = !TryReadFirst(bytes, dialect, syntax, recordBytesMax, skipBlankLines: true, fields, out CsvRecord record)
            ? "The data has no header: it is empty."
            : record.Fault == RecordErrorCode.RecordTooLong ? $"The header is longer than {recordBytesMax} bytes."
            : record.Fault != RecordErrorCode.None ? QuoteFault
            : record.FieldCount > fields.Length
                ? $"The header has {record.FieldCount} names; at most {fields.Length} are read."
            : !Utf8.IsValid(bytes.Slice(record.Start, record.Length)) ? "The header is not valid UTF-8."
            : null;
        ImmutableArray<string> names =
            error is null ? NamesIn(bytes, syntax, fields[..record.FieldCount]) : [];
        if (names.Any(name => name.Contains('\0', StringComparison.Ordinal)))
        {
            error = "The header holds NUL characters (U+0000): it is no text, or UTF-16 without a byte order mark. For that send charset=utf-16le "
                + "(or utf-16be) in the Content-Type, or set it as the dataset's encoding.";
        }

        if (error is null)
        {
            return names;
        }

        error = ForeignContent.SentenceOf(bytes) ?? error;
        return [];
    }

    /// <summary>Reads the first record of bytes that hold all of it.</summary>
    public static bool TryReadFirst(
        ReadOnlySpan<byte> bytes,
        CsvDialect dialect,
        CsvSyntax syntax,
        int recordBytesMax,
        bool skipBlankLines,
        Span<RecordValue> fields,
        out CsvRecord record) =>
        syntax.IsCommon
            ? new CsvTokenizer(bytes, dialect, recordBytesMax, skipBlankLines, fields).Read(out record)
            : new DialectTokenizer(bytes, syntax, recordBytesMax, skipBlankLines, isFinal: true, fields).Read(out record);

    private static ImmutableArray<string> NamesIn(
        ReadOnlySpan<byte> bytes, CsvSyntax syntax, ReadOnlySpan<RecordValue> fields)
    {
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>(fields.Length);
        byte[] scratch = new byte[bytes.Length];
        foreach (RecordValue field in fields)
        {
            names.Add(System.Text.Encoding.UTF8.GetString(CsvText.Of(bytes, field, syntax, scratch)));
        }

        return names.MoveToImmutable();
    }
}
