using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Newline-delimited JSON: each line is one object, its properties are the fields. Properties come in any order, and a slot is
/// a name that the schema reads.
/// </summary>
public sealed class NdjsonRecordReader : RecordReader
{
    private readonly JsonFieldNames _names;
    private readonly JsonObjectReader _objects;
    private readonly bool _hasRest;

    public NdjsonRecordReader(TableSchema schema)
    {
        _names = new JsonFieldNames(schema);
        _objects = new JsonObjectReader(_names, schema);
        _hasRest = schema.Rest is not null;
    }

    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField => _names.SlotOfField;

    /// <inheritdoc/>
    public override bool MayOmit => true;

    /// <inheritdoc/>
    internal override void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        Span<RecordValue> slots = values.ClearSlots(_names.Count + (_hasRest ? 1 : 0));
        MemberOrder order = new(stackalloc int[_names.Count + 1]);
        bool isAllValidUtf8 = Utf8.IsValid(bytes);
        int lines = 0;
        int start = 0;
        while (start < bytes.Length)
        {
            int found = bytes[start..].IndexOf((byte)'\n');
            int end = found < 0 ? bytes.Length : start + found;
            if (!LineScanner.IsBlank(bytes[start..end]))
            {
                int length = end - start - (bytes[end - 1] == (byte)'\r' ? 1 : 0);
                ReadOnlySpan<byte> line = bytes[..(start + length)];
                slots.Clear();
                values.ClearRest();
                RecordErrorCode fault = isAllValidUtf8 || Utf8.IsValid(line[start..])
                    ? _objects.Read(line, start, slots, order, values, rejects)
                    : RecordErrorCode.InvalidUtf8;
                if (fault != RecordErrorCode.None)
                {
                    rejects.AddError(new RecordError(RecordError.WholeRecord, fault, start, ValueLength: 0));
                }
                else if (_hasRest)
                {
                    slots[_names.Count] = values.CloseRest();
                }

                sink.Take(new RecordPlace(start, length, lines), isRead: rejects.OpenErrors == 0);
            }

            lines++;
            start = end + 1;
        }
    }

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        JsonEscape.TryUnescape(written, text, out length);
}
