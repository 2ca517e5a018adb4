using System.Buffers.Binary;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Lookups;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Takes rows of a dataset that is looked up as the database sends them, in PostgreSQL's binary forms: of integers that of bigint, of
/// numbers that of numeric, of floats that of double precision, of text and JSON their characters.
/// </summary>
/// <param name="into">Takes the rows.</param>
public sealed class SentRows(LookupTable into)
{
    private readonly TypedKind[] _kinds = [.. into.Use.Columns.Select(column => column.Kind)];
    private readonly LookupValue[] _row = new LookupValue[into.Use.Columns.Count()];

    /// <summary>Bytes that the rows take.</summary>
    public long Bytes => into.Bytes;

    /// <param name="sent">The values of the columns, the key's first; an entry without an array is NULL.</param>
    public void Add(ReadOnlySpan<ArraySegment<byte>> sent)
    {
        for (int i = 0; i < _row.Length; i++)
        {
            _row[i] = Read(_kinds[i], sent[i]);
        }

        into.Add(_row);
    }

    private static LookupValue Read(TypedKind kind, ArraySegment<byte> sent)
    {
        TypedValue value = new() { Kind = kind };
        if (sent.Array is null)
        {
            return new LookupValue(SlotState.Null, value);
        }

        ReadOnlySpan<byte> bytes = sent;
        switch (kind)
        {
            case TypedKind.Text or TypedKind.Json:
                value.Text = new TextSlice(sent.Array, sent.Offset, sent.Count);
                break;
            case TypedKind.Number:
                bool fits = NumericDecimal.TryRead(bytes, out decimal number);
                value.Number = number;
                return new LookupValue(fits ? SlotState.Value : SlotState.TooLong, value);
            case TypedKind.Float:
                value.Float = bytes.Length == sizeof(float)
                    ? BinaryPrimitives.ReadSingleBigEndian(bytes)
                    : BinaryPrimitives.ReadDoubleBigEndian(bytes);
                break;
            case TypedKind.Boolean:
                value.Word = bytes[0];
                break;
            case TypedKind.Date:
                value.Word = BinaryPrimitives.ReadInt32BigEndian(bytes);
                break;
            default:
                value.Word = BinaryPrimitives.ReadInt64BigEndian(bytes);
                break;
        }

        return new LookupValue(SlotState.Value, value);
    }
}
