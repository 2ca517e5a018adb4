namespace PipelineService.Core.Rules;

/// <summary>Rejected records that share a fault.</summary>
/// <param name="Code">A <see cref="RecordErrorCode"/> by its name, or a code of the definition's own.</param>
/// <param name="Field">The field at fault; null when it is the record as a whole.</param>
public readonly record struct RejectCount(string Code, string? Field, long Records);

/// <summary>
/// Counts rejected records by what is wrong with them. A record counts once for each pair of code and field that it has an error
/// of, however many errors that are. Not safe for use by several threads.
/// </summary>
public sealed class RejectTally
{
    private readonly Dictionary<(string Code, string? Field), long> _records = [];

    /// <summary>All pairs, the most frequent first; among equals in the order of their names.</summary>
    public IEnumerable<RejectCount> Counts => _records
        .Select(pair => new RejectCount(pair.Key.Code, pair.Key.Field, pair.Value))
        .OrderByDescending(count => count.Records)
        .ThenBy(count => count.Code, StringComparer.Ordinal)
        .ThenBy(count => count.Field, StringComparer.Ordinal);

    public void Add(RecordErrorCode code, string? field, long records = 1) =>
        Add(RecordErrorCodes.NameOf(code), field, records);

    /// <param name="code">As in <see cref="RejectCount.Code"/>.</param>
    public void Add(string code, string? field, long records = 1)
    {
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_records, (code, field), out _) += records;
    }

    public void Add(RejectTally other)
    {
        foreach (((string code, string? field), long records) in other._records)
        {
            Add(code, field, records);
        }
    }
}
