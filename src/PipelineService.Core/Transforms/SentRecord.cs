using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>
/// A record as it was sent, read once more when something of it is to be shown: nobody keeps where the values of records stand that
/// land. Used again for record after record, by one thread at a time.
/// </summary>
public sealed class SentRecord(ChunkTransform transform)
{
    private readonly RecordValues _values = new();
    private readonly RejectBuffer _errors = new();

    /// <summary>Reads a record.</summary>
    /// <param name="record">Its bytes.</param>
    /// <returns>False when it cannot be read as it must: then nothing is known of its values.</returns>
    public bool Read(ReadOnlySpan<byte> record)
    {
        _errors.Clear();
        return transform.ReadOne(record, _values, _errors);
    }

    /// <summary>The values that were sent for some fields, each once, in the order in which they stand in the record.</summary>
    /// <param name="fields">0-based indexes among the columns of the dataset.</param>
    public IEnumerable<RecordValue> ValuesOf(IEnumerable<int> fields) => fields.Select(ValueOf)
        .Where(value => !value.IsMissing && value.Length > 0).Distinct().OrderBy(value => value.Start);

    /// <summary>The value that was sent for a field, within the bytes of the record.</summary>
    /// <param name="field">0-based index among the columns of the dataset.</param>
    public RecordValue ValueOf(int field)
    {
        int slot = transform.SlotOf(field);
        return slot < 0 ? default : _values.Slots[slot];
    }
}
