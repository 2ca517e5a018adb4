using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Packed;

/// <summary>
/// Records of files that are converted: values one behind the other, in the form in which they are stored where the file and the dataset
/// agree on it, else as text or JSON. Nothing is parsed that was no text. A slot is a column of the file.
/// </summary>
/// <param name="binding">Where each field of the schema stands in the records.</param>
/// <param name="names">Of the columns.</param>
public sealed class PackedRecordReader(HeaderBinding binding, ImmutableArray<string> names) : RecordReader
{
    /// <summary>Reads what is shown of records: <see cref="TextOf"/>.</summary>
    private readonly JsonArrayRecordReader _shown = new(binding, Datasets.RaggedRows.None, names: names);

    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField => binding.FieldOfColumn;

    /// <inheritdoc/>
    public override bool MayOmit => false;

    /// <inheritdoc/>
    public override int BytesMade => _shown.BytesMade;

    /// <inheritdoc/>
    internal override ImmutableArray<byte[]> ItemNames => _shown.ItemNames;

    /// <inheritdoc/>
    internal override bool IsText => false;

    /// <inheritdoc/>
    internal override byte[] TextOf(ReadOnlySpan<byte> record) => PackedText.Of(record);

    /// <inheritdoc/>
    internal override void Read<TSink>(ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        Span<RecordValue> all = values.ClearSlots(binding.FieldCount + (binding.Rest.IsEmpty ? 0 : 1));
        for ((int at, int line) = (0, 0); at < bytes.Length; line++)
        {
            RecordPlace place = new(at + PackedText.LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]), line);
            at = place.Start + place.Length;
            Read(bytes[..at], place, all, values, rejects, ref sink);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Also one that is shown: a record of its own begins with the tag of a value.</remarks>
    internal override void ReadOne<TSink>(ReadOnlySpan<byte> record, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        if (record is [(byte)'[', ..])
        {
            _shown.ReadOne(record, values, rejects, ref sink);
            return;
        }

        Span<RecordValue> all = values.ClearSlots(binding.FieldCount + (binding.Rest.IsEmpty ? 0 : 1));
        Read(record, new RecordPlace(0, record.Length, Line: 0), all, values, rejects, ref sink);
    }

    /// <inheritdoc/>
    internal override bool TryUnescape(ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        _shown.TryUnescape(written, spelling, text, out length);

    private void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordPlace place, Span<RecordValue> all, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        RecordErrorCode fault = ReadValues(bytes, place.Start, all[..binding.FieldCount], out int faultAt);
        if (!binding.Rest.IsEmpty && fault == RecordErrorCode.None)
        {
            fault = KeepRest(bytes, all, values);
        }

        if (fault != RecordErrorCode.None)
        {
            all.Clear();
            rejects.AddError(new RecordError(RecordError.WholeRecord, fault, faultAt, ValueLength: 0));
        }

        sink.Take(place, isRead: fault == RecordErrorCode.None);
    }

    private static RecordErrorCode ReadValues(ReadOnlySpan<byte> bytes, int start, Span<RecordValue> slots, out int faultAt)
    {
        faultAt = start;
        int at = start;
        for (int slot = 0; slot < slots.Length; slot++)
        {
            int end = PackedValue.Read(bytes, at, out RecordValue value);
            if (end == PackedValue.Malformed)
            {
                return RecordErrorCode.MalformedJson;
            }

            slots[slot] = value;
            if (value.Kind is not (ValueKind.Packed or ValueKind.Null) && !IsUtf8(bytes.Slice(value.Start, value.Length)))
            {
                faultAt = value.Start;
                return RecordErrorCode.InvalidUtf8;
            }

            at = end;
        }

        return at == bytes.Length ? RecordErrorCode.None : RecordErrorCode.MalformedJson;
    }

    private static bool IsUtf8(ReadOnlySpan<byte> text) => TextWord.IsShortAscii(text) || Utf8.IsValid(text);

    /// <summary>Lays the values that the schema does not declare together as JSON.</summary>
    private RecordErrorCode KeepRest(ReadOnlySpan<byte> bytes, Span<RecordValue> slots, RecordValues values)
    {
        values.ClearRest();
        foreach (RestCell cell in binding.Rest)
        {
            RecordValue value = slots[cell.Field];
            int quote = value.Kind == ValueKind.Text ? 1 : 0;
            ReadOnlySpan<byte> written = bytes.Slice(value.Start, value.Length);
            bool isKept = value.IsPlainText ? cell.TryKeep(written, values)
                : value.Kind == ValueKind.Packed ? TryKeepPacked(cell, written, values)
                : value.Kind == ValueKind.Null ? cell.TryKeepNull(values)
                : cell.TryKeepJson(bytes.Slice(value.Start - quote, value.Length + (2 * quote)), values);
            if (!isKept)
            {
                return RecordErrorCode.ResultTooLong;
            }
        }

        slots[^1] = values.CloseRest();
        return RecordErrorCode.None;
    }

    private static bool TryKeepPacked(RestCell cell, ReadOnlySpan<byte> written, RecordValues values)
    {
        Span<byte> text = stackalloc byte[PackedValue.TextBytesMax];
        text = text[..PackedValue.WriteText(written, text)];
        return PackedValue.KindOf(written) == ValueKind.Text ? cell.TryKeep(text, values) : cell.TryKeepJson(text, values);
    }
}
