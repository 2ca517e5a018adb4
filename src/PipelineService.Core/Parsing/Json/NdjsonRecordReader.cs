using System.Collections.Immutable;
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

    /// <param name="schema">What is declared of the fields.</param>
    /// <param name="keys">The only names that are read; none where all of the schema's are, and no others may be there.</param>
    public NdjsonRecordReader(TableSchema schema, ImmutableArray<string> keys = default)
    {
        _names = new JsonFieldNames(schema, keys);
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
        JsonLines lines = new(bytes);
        while (lines.Read(out RecordPlace place))
        {
            slots.Clear();
            values.ClearRest();
            RecordErrorCode fault = lines.IsValidUtf8(place)
                ? _objects.Read(bytes[..(place.Start + place.Length)], place.Start, slots, order, values, rejects)
                : RecordErrorCode.InvalidUtf8;
            if (fault != RecordErrorCode.None)
            {
                rejects.AddError(new RecordError(RecordError.WholeRecord, fault, place.Start, ValueLength: 0));
            }
            else if (_hasRest)
            {
                slots[_names.Count] = values.CloseRest();
            }

            sink.Take(place, isRead: rejects.OpenErrors == 0);
        }
    }

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        JsonEscape.TryUnescape(written, text, out length);
}
