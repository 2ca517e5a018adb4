using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Rows;

namespace PipelineService.Jobs.Traces;

/// <summary>The row of a record as it is now, or why it is not shown.</summary>
/// <param name="By">How it was found.</param>
/// <param name="IsSearched">Whether it is known that there is none.</param>
internal sealed record TracedRow(StoredRow? Found, string? By, bool IsSearched, string? Note)
{
    public static TracedRow Absent(string note) => new(null, null, IsSearched: true, note);

    public static TracedRow NotKnown(string note) => new(null, null, IsSearched: false, note);
}

/// <summary>Finds the rows of records.</summary>
public sealed class TracedRows(StoredRows rows)
{
    /// <summary>
    /// Blocks to both sides of where a row would be if all were of one length: several chunks of several sessions lie among each other.
    /// </summary>
    private const long Near = 512;

    private const string Gone =
        "No row says that it came of this record: it was deleted, or changed by hand, or a trigger let it fall when it was loaded.";

    private const string NoLineage =
        "The table does not carry _job_id and _record (load.lineage is false): nothing says which row came of the record.";

    /// <summary>By the columns that say where a row came from.</summary>
    /// <param name="everywhere">Whether it is looked for in all of the table, or only where the job has put its rows.</param>
    internal async Task<TracedRow> FindByLineageAsync(
        JobRow job, long record, DatasetDefinition definition, IReadOnlySet<string> hidden, TraceFacts facts, bool everywhere,
        CancellationToken cancellationToken)
    {
        if (job.RevertedAt is not null)
        {
            return TracedRow.Absent(job.Superseded
                ? "A later upload of the dataset has taken the place of all rows."
                : "The rows of the job were reverted, or replaced by those of another.");
        }

        if (!definition.Load.Lineage)
        {
            return TracedRow.NotKnown(NoLineage);
        }

        FoundRows found = await rows.FindByLineageAsync(
            definition, hidden, job.Id, record, file => Places(job, record, facts.Places, file, everywhere), cancellationToken);
        return found switch
        {
            { Rows: [{ } row, ..] } => new TracedRow(row, "lineage", IsSearched: true, null),
            { Fault: RowFault.None } => TracedRow.Absent(Gone),
            { Fault: RowFault.TooSlow } => TracedRow.NotKnown(
                $"The row is not where the job has put its rows in table {definition.Load.Table}, and was not found elsewhere within 2 "
                + "seconds: it has moved, or is gone. An index on _job_id and _record would tell."),
            _ => TracedRow.NotKnown($"Table {definition.Load.Table}: {Core.Rules.Excerpt.Of(found.Sentence!)}."),
        };
    }

    /// <summary>By the key that the record has.</summary>
    internal async Task<TracedRow> FindByKeyAsync(
        JobRow job, DatasetDefinition definition, IReadOnlySet<string> hidden, DerivedRecord derived, TracedRow otherwise,
        CancellationToken cancellationToken)
    {
        ImmutableArray<FieldDefinition> key = RowKey.Of(definition);
        ILookup<string, string?> settled = derived.Trace.Columns.Where(column => column.IsSettled)
            .ToLookup(column => column.Column.Field.Name, column => column.Stored?.Text);
        string?[] values = [.. key.Select(field => settled[field.Name].FirstOrDefault())];
        if (key.IsEmpty || values.Any(value => value is null))
        {
            return otherwise;
        }

        FoundRows found = await rows.FindByKeyAsync(
            job.Dataset, definition, hidden, key, [.. values.OfType<string>()], source: null, limit: 1, cancellationToken);
        return found switch
        {
            { Rows: [{ } row] } => new TracedRow(row, "key", IsSearched: true, otherwise.Note),
            { Fault: RowFault.None } => TracedRow.Absent("No row has the key of the record."),
            _ => otherwise,
        };
    }

    /// <summary>Where the row may be, the likeliest first.</summary>
    private static IEnumerable<(long From, long To)?> Places(JobRow job, long record, TracedPlaces places, long? file, bool everywhere)
    {
        if (places is { RowsFile: { } known, RowsFrom: { } from, RowsUntil: { } until } && known == file)
        {
            long middle = from + (long)((until - from) * (double)record / Math.Max(1, job.RecordsRead));
            for (long near = Near; near < until - from; near *= 8)
            {
                yield return (Math.Max(0, middle - near), middle + near);
            }

            yield return RowsOfJob.Pieces(from, until).First();
        }

        if (everywhere)
        {
            yield return null;
        }
    }
}
