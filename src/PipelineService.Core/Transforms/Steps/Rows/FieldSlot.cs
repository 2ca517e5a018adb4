using System.Buffers.Binary;
using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>
/// Gives a field's slot the value that the field's text means: read by the encoder of the field, so that what an expression computes
/// with is what would be stored. Immutable, shared by all workers.
/// </summary>
internal sealed class FieldSlot
{
    /// <summary>Where a value passes on its way to a slot. It is nobody's from one value to the next.</summary>
    [ThreadStatic]
    private static RowBuffer? _encoded;

    private readonly int _slot;
    private readonly TypedKind _kind;
    private readonly ColumnPlan _column;
    private readonly bool _isPlainNumber;
    private readonly bool _isPlainText;
    private readonly PackedTag _packed;

    /// <param name="field">One that expressions can compute with.</param>
    /// <param name="index">0-based index among the columns of the dataset.</param>
    /// <param name="missingValues">Texts that stand for no value.</param>
    public FieldSlot(FieldDefinition field, int index, ImmutableArray<LabelledText> missingValues)
    {
        Index = index;
        _slot = RecordSlots.Of(index);
        _kind = FieldKinds.Of(field) ?? throw new ArgumentException($"No expression can use {field.Name}.", nameof(field));
        FieldDefinition read = FieldKinds.Read(field);
        _column = new ColumnPlan(read, index, missingValues);
        _packed = FieldEncoders.PackedFormOf(read, missingValues);
        _isPlainNumber = field.Type == FieldType.Number && _kind == TypedKind.Number && NumberFormat.Of(field) is null;
        _isPlainText = _kind == TypedKind.Text && read.ColumnType.Name == SqlTypeName.Text
            && (field.Type == FieldType.Any || StringFormats.Of(field) == StringFormat.Any);
    }

    /// <summary>0-based index of the field.</summary>
    public int Index { get; }

    /// <summary>Reads the value of the record at hand.</summary>
    /// <returns>None, or why the text is no value of the field.</returns>
    public RecordErrorCode Read(OpenRecord record)
    {
        ValueKind kind = record.KindOf(Index);
        if (kind <= ValueKind.Null)
        {
            record.Slots.SetNull(_slot);
            return RecordErrorCode.None;
        }

        if (record.TryGetPacked(Index, out ReadOnlySpan<byte> written) && written[0] == (byte)_packed)
        {
            RowBuffer encoded = ClearEncoded(out int start);
            return Take(_column.EncodePacked(written, encoded), encoded, start, record.Slots);
        }

        return record.TryGetText(Index, out ReadOnlySpan<byte> text) ? Read(kind, text, record.Slots) : RecordErrorCode.InvalidUtf8;
    }

    /// <summary>Reads a value of another origin.</summary>
    /// <param name="kind">What it is: text or JSON.</param>
    /// <param name="text">The text without escapes, any other value as its JSON is written.</param>
    /// <param name="slots">Take it.</param>
    /// <returns>None, or why it is no value of the field.</returns>
    public RecordErrorCode Read(ValueKind kind, ReadOnlySpan<byte> text, RecordSlots slots)
    {
        if (kind == ValueKind.Text && TryReadPlain(text, slots, out RecordErrorCode code))
        {
            return code;
        }

        RowBuffer encoded = ClearEncoded(out int start);
        code = kind == ValueKind.Text ? _column.Encode(text, encoded) : _column.EncodeJson(kind, text, encoded);
        return Take(code, encoded, start, slots);
    }

    private static RowBuffer ClearEncoded(out int start)
    {
        RowBuffer encoded = _encoded ??= new RowBuffer(initialBytes: 256);
        encoded.Clear();
        start = encoded.Length;
        return encoded;
    }

    /// <summary>Gives the slot what was written as the column's value.</summary>
    private RecordErrorCode Take(RecordErrorCode code, RowBuffer encoded, int start, RecordSlots slots)
    {
        if (code == RecordErrorCode.None)
        {
            ReadOnlySpan<byte> value = encoded.Written(start);
            Set(BinaryPrimitives.ReadInt32BigEndian(value) < 0, value[sizeof(int)..], slots);
        }

        return code;
    }

    /// <summary>The usual numbers and texts, without the way through the form of the column.</summary>
    private bool TryReadPlain(ReadOnlySpan<byte> text, RecordSlots slots, out RecordErrorCode code)
    {
        code = RecordErrorCode.None;
        if (!(_isPlainNumber || _isPlainText) || _column.StandsForNone(text))
        {
            return false;
        }

        if (_isPlainNumber)
        {
            bool isShort = ShortDecimal.TryParse(text, out ShortDecimal number);
            if (isShort)
            {
                slots.SetNumber(_slot, NumericDecimal.Of(number));
            }

            return isShort;
        }

        code = TextRules.CheckStorable(text);
        if (code == RecordErrorCode.None)
        {
            SetText(text, slots);
        }

        return true;
    }

    /// <summary>Takes the value from the form of the column.</summary>
    private void Set(bool isNull, ReadOnlySpan<byte> value, RecordSlots slots)
    {
        if (isNull)
        {
            slots.SetNull(_slot);
            return;
        }

        switch (_kind)
        {
            case TypedKind.Number:
                SetNumber(value, slots);
                break;
            case TypedKind.Float when value.Length == sizeof(float):
                slots.SetFloat(_slot, BinaryPrimitives.ReadSingleBigEndian(value));
                break;
            case TypedKind.Float:
                slots.SetFloat(_slot, BinaryPrimitives.ReadDoubleBigEndian(value));
                break;
            case TypedKind.Boolean:
                slots.SetWord(_slot, value[0]);
                break;
            case TypedKind.Date:
                slots.SetWord(_slot, BinaryPrimitives.ReadInt32BigEndian(value));
                break;
            case TypedKind.Text when _column.Field.ColumnType.Name == SqlTypeName.Uuid:
                Span<byte> text = slots.RoomFor(UuidText.TextBytes);
                new Guid(value, bigEndian: true).TryFormat(text, out int length);
                slots.SetText(_slot, slots.Keep(length));
                break;
            case TypedKind.Text or TypedKind.Json:
                SetText(value, slots);
                break;
            default:
                slots.SetWord(_slot, BinaryPrimitives.ReadInt64BigEndian(value));
                break;
        }
    }

    private void SetNumber(ReadOnlySpan<byte> value, RecordSlots slots)
    {
        if (NumericDecimal.TryRead(value, out decimal number))
        {
            slots.SetNumber(_slot, number);
        }
        else
        {
            slots.SetTooLong(_slot);
        }
    }

    private void SetText(ReadOnlySpan<byte> text, RecordSlots slots)
    {
        text.CopyTo(slots.RoomFor(text.Length));
        slots.SetText(_slot, slots.Keep(text.Length));
    }
}
