using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Lists;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>A value as a column stores it, to be compared with another of the same column and shown.</summary>
public sealed class StoredValue
{
    private const int JsonbVersionBytes = 1;

    private readonly byte[]? _bytes;
    private readonly SqlType _type;

    private StoredValue(byte[]? bytes, SqlType type) => (_bytes, _type) = (bytes, type);

    /// <summary>Its bytes in PostgreSQL's binary form; null where there is no value.</summary>
    public byte[]? Bytes => _bytes;

    /// <summary>Its text as PostgreSQL reads it; null where there is no value.</summary>
    public string? Text => _bytes is null ? null
        : _type.Name is SqlTypeName.Text or SqlTypeName.Varchar ? System.Text.Encoding.UTF8.GetString(_bytes)
        : ToString();

    /// <summary>A value as it was written to a row: its length, then its bytes.</summary>
    internal static StoredValue Read(ReadOnlySpan<byte> written, ColumnPlan column)
    {
        int length = BinaryPrimitives.ReadInt32BigEndian(written);
        return new StoredValue(length < 0 ? null : written.Slice(sizeof(int), length).ToArray(), column.Field.SentType);
    }

    /// <summary>The value of a column of a row.</summary>
    /// <param name="index">0-based, of the column in the plan.</param>
    public static StoredValue Of(RowBuffer rows, int row, int index, ColumnPlan column) =>
        new(rows.TryGetField(row, index, out ReadOnlySpan<byte> value) ? value.ToArray() : null, column.Field.SentType);

    /// <summary>A value that a definition writes in JSON, as the column would store it: read as the same value in a record is.</summary>
    public static bool TryEncode(JsonElement json, ColumnPlan column, out StoredValue value, out RecordErrorCode code)
    {
        value = new StoredValue(null, column.Field.SentType);
        code = RecordErrorCode.None;
        if (json.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        RowBuffer rows = new(initialBytes: 256);
        rows.BeginRow(1);
        code = json.ValueKind == JsonValueKind.String
            ? column.Encode(System.Text.Encoding.UTF8.GetBytes(json.GetString()!), rows)
            : column.EncodeJson(KindOf(json.ValueKind), System.Text.Encoding.UTF8.GetBytes(json.GetRawText()), rows);
        if (code != RecordErrorCode.None)
        {
            return false;
        }

        rows.EndRow(record: 1, line: 1, rawStart: 0, rawLength: 0);
        value = Of(rows, row: 0, index: 0, column);
        return true;
    }

    /// <summary>Whether PostgreSQL would call them equal; of JSON and text whether they are written alike.</summary>
    public bool IsSameAs(StoredValue other)
    {
        if (_bytes is null || other._bytes is null)
        {
            return _bytes is null && other._bytes is null;
        }

        return _bytes.AsSpan().SequenceEqual(other._bytes) || _type.Name switch
        {
            SqlTypeName.Numeric => Trimmed(ToString()) == Trimmed(other.ToString()),
            SqlTypeName.Interval => Interval.Read(_bytes).CompareTo(Interval.Read(other._bytes)) == 0,
            SqlTypeName.Array => ArrayBinary.AreEqual(_type.Element!.Name, _bytes, other._bytes),
            SqlTypeName.Json => JsonElement.DeepEquals(JsonElement.Parse(_bytes), JsonElement.Parse(other._bytes)),
            SqlTypeName.Jsonb => JsonElement.DeepEquals(
                JsonElement.Parse(_bytes.AsSpan(JsonbVersionBytes)), JsonElement.Parse(other._bytes.AsSpan(JsonbVersionBytes))),
            _ => false,
        };
    }

    /// <summary>As PostgreSQL writes it; text in quotes, so that it is not taken for another value.</summary>
    public override string ToString()
    {
        if (_bytes is null)
        {
            return "null";
        }

        switch (_type.Name)
        {
            case SqlTypeName.Text or SqlTypeName.Varchar:
                return $"\"{System.Text.Encoding.UTF8.GetString(_bytes)}\"";
            case SqlTypeName.Json:
                return System.Text.Encoding.UTF8.GetString(_bytes);
            case SqlTypeName.Jsonb:
                return System.Text.Encoding.UTF8.GetString(_bytes, JsonbVersionBytes, _bytes.Length - JsonbVersionBytes);
            default:
                var text = new ArrayBufferWriter<byte>();
                ValueText.Write(_type, _bytes, text);

                // COPY has another backslash before each.
                return System.Text.Encoding.UTF8.GetString(text.WrittenSpan).Replace("\\\\", "\\", StringComparison.Ordinal);
        }
    }

    /// <summary>A number without the zeros that only show its scale.</summary>
    private static string Trimmed(string number) =>
        number.Contains('.', StringComparison.Ordinal) ? number.TrimEnd('0').TrimEnd('.') : number;

    private static ValueKind KindOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Number => ValueKind.Number,
        JsonValueKind.True => ValueKind.True,
        JsonValueKind.False => ValueKind.False,
        JsonValueKind.Object => ValueKind.Object,
        _ => ValueKind.Array,
    };
}
