using System.Buffers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Json;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Lists;

/// <summary>
/// Lists in array columns: texts with a delimiter between the items, or JSON arrays of texts, numbers and booleans. Each item
/// is what a field of its type would take; an item that is <c>null</c>, an array or an object is none.
/// </summary>
/// <remarks>Source: https://datapackage.org/standard/table-schema/#list.</remarks>
internal sealed class ListEncoder : FieldEncoder
{
    private const int StackBytes = 256;

    private readonly FieldEncoder _item;
    private readonly SqlTypeName _element;
    private readonly byte[] _delimiter;
    private readonly int _countMin;
    private readonly int _countMax;
    private readonly byte[][] _members;

    /// <param name="field">Of type list, in an array column.</param>
    /// <param name="item">The encoder of <see cref="FieldDefinition.ToItem"/>.</param>
    public ListEncoder(FieldDefinition field, FieldEncoder item)
    {
        _item = item;
        _element = field.ColumnType.Element!.Name;
        _delimiter = System.Text.Encoding.UTF8.GetBytes(field.Delimiter);
        _countMin = field.Constraints.MinLength ?? 0;
        _countMax = field.Constraints.MaxLength ?? int.MaxValue;
        _members = [.. field.Constraints.Enum.Select(member => EncodeMember(field, member))];
    }

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        int start = ArrayBinary.Begin(_element, rows);
        RecordErrorCode code = EncodeItems(text, start, rows, out int count);
        return code == RecordErrorCode.None ? Check(start, count, rows) : code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows)
    {
        if (kind != ValueKind.Array)
        {
            return RecordErrorCode.TypeMismatch;
        }

        int start = ArrayBinary.Begin(_element, rows);
        RecordErrorCode code = EncodeJsonItems(json, start, rows, out int count);
        return code == RecordErrorCode.None ? Check(start, count, rows) : code;
    }

    private RecordErrorCode EncodeItems(ReadOnlySpan<byte> text, int start, RowBuffer rows, out int count)
    {
        count = 0;
        while (true)
        {
            int end = text.IndexOf(_delimiter);
            count++;
            RecordErrorCode code = _item.Encode(end < 0 ? text : text[..end], rows);
            if (code != RecordErrorCode.None)
            {
                return code;
            }

            if (end < 0)
            {
                ArrayBinary.End(start, count, rows);
                return RecordErrorCode.None;
            }

            text = text[(end + _delimiter.Length)..];
        }
    }

    private RecordErrorCode EncodeJsonItems(ReadOnlySpan<byte> json, int start, RowBuffer rows, out int count)
    {
        JsonReader reader = new(json);
        reader.TryTake((byte)'[');
        reader.SkipBlanks();
        count = 0;
        if (!reader.TryTake((byte)']'))
        {
            do
            {
                count++;
                RecordErrorCode code = EncodeItem(json, ref reader, rows);
                if (code != RecordErrorCode.None)
                {
                    return code;
                }

                reader.SkipBlanks();
            }
            while (reader.TryTake((byte)','));
        }

        ArrayBinary.End(start, count, rows);
        return RecordErrorCode.None;
    }

    private RecordErrorCode EncodeItem(ReadOnlySpan<byte> json, ref JsonReader reader, RowBuffer rows)
    {
        reader.SkipBlanks();
        byte first = reader.Peek();
        if (first == '"')
        {
            reader.TryReadString(out int start, out int length, out bool isEscaped);
            ReadOnlySpan<byte> content = json.Slice(start, length);
            return isEscaped ? EncodeEscaped(content, rows) : _item.Encode(content, rows);
        }

        ValueKind kind = JsonValues.KindOf(first);
        int from = reader.Position;
        reader.TrySkipValue(depth: 0);
        return kind is ValueKind.Number or ValueKind.True or ValueKind.False
            ? _item.EncodeJson(kind, json[from..reader.Position], rows)
            : RecordErrorCode.TypeMismatch;
    }

    private RecordErrorCode EncodeEscaped(ReadOnlySpan<byte> content, RowBuffer rows)
    {
        byte[]? rented = content.Length > StackBytes ? ArrayPool<byte>.Shared.Rent(content.Length) : null;
        Span<byte> text = rented ?? stackalloc byte[StackBytes];
        RecordErrorCode code = JsonEscape.TryUnescape(content, text, out int length)
            ? _item.Encode(text[..length], rows)
            : RecordErrorCode.InvalidUtf8;
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return code;
    }

    private RecordErrorCode Check(int start, int count, RowBuffer rows) =>
        count < _countMin ? RecordErrorCode.MinLength
        : count > _countMax ? RecordErrorCode.MaxLength
        : _members.Length == 0 || IsMember(rows.Written(start)) ? RecordErrorCode.None
        : RecordErrorCode.Enum;

    private bool IsMember(ReadOnlySpan<byte> array)
    {
        foreach (byte[] member in _members)
        {
            if (ArrayBinary.AreEqual(_element, array, member))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A member in the list's own form, or as a JSON array.</summary>
    private byte[] EncodeMember(FieldDefinition field, string member)
    {
        byte[] text = System.Text.Encoding.UTF8.GetBytes(member);
        ReadOnlySpan<byte> json = text.AsSpan().Trim(" \t\r\n"u8);
        var rows = new RowBuffer(initialBytes: 0);
        int start = ArrayBinary.Begin(_element, rows);
        RecordErrorCode code = json.StartsWith("["u8) && JsonScanner.Scan(json, out _) == RecordErrorCode.None
            ? EncodeJsonItems(json, start, rows, out _)
            : RecordErrorCode.TypeMismatch;
        if (code != RecordErrorCode.None)
        {
            rows.Clear();
            start = ArrayBinary.Begin(_element, rows);
            code = EncodeItems(text, start, rows, out _);
        }

        return code == RecordErrorCode.None ? rows.Written(start).ToArray() : throw BoundText.Fault(field, "enum", member);
    }
}
