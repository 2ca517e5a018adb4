using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.DeadLetters;

namespace PipelineService.Jobs.Traces;

/// <summary>
/// Tells what became of one record: finds its checkpoint, its dead letter and its row, and makes the rest again of the kept bytes, of which
/// only the chunk is read that has it.
/// </summary>
public sealed class RecordTracer(
    TraceStore store, DeadLetterStore letters, TracedUploads uploads, RecordDerivation derivation, TracedRows rows, DatasetCatalog datasets)
    : IDisposable
{
    /// <summary>Each holds a chunk, or a record as long as one may be.</summary>
    private const int AtOnceMax = 4;

    private readonly SemaphoreSlim _free = new(AtOnceMax);

    public void Dispose() => _free.Dispose();

    /// <param name="job">A job that the caller may see.</param>
    /// <param name="record">1-based number of the record.</param>
    /// <returns>Without a view why there is none.</returns>
    public async Task<(RecordTraceView? View, Problem? Problem)> TraceAsync(JobRow job, long record, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            TraceFacts facts = await store.FindAsync(job.Id, record, cancellationToken);
            DeadLetterView? letter = await FindLetterAsync(job.Id, record, cancellationToken);
            if (facts.Chunk is null && letter is null)
            {
                return (null, TraceProblems.Of(job, record));
            }

            DatasetVersion version = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
            RowPlan plan;
            try
            {
                plan = version.Plan;
            }
            catch (JobFaultException e)
            {
                return (null, e.Problem); // nobody knows what is to be hidden
            }

            return (await TraceAsync(job, record, facts, letter, plan, cancellationToken), null);
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task<RecordTraceView> TraceAsync(
        JobRow job, long record, TraceFacts facts, DeadLetterView? letter, RowPlan plan, CancellationToken cancellationToken)
    {
        HashSet<int> hidden = await HiddenAsync(job, plan, cancellationToken);
        IReadOnlySet<string> names = hidden.Select(field => plan.Definition.Columns[field].Name).ToHashSet(StringComparer.Ordinal);
        TracedRow row = letter is not null
            ? TracedRow.Absent("The record was rejected.")
            : await rows.FindByLineageAsync(job, record, plan.Definition, names, facts, everywhere: false, cancellationToken);
        KnownAnswers known = new(plan, letter, facts.Gaps, row.Found);
        (DerivedRecord? derived, string? reason, string? traceId) =
            await DeriveAsync(job, record, facts, letter, plan, known, cancellationToken);
        if (letter is null && row.Found is null)
        {
            row = derived is { IsDecided: true, IsFiltered: true } ? TracedRow.Absent("An op has left the record out.")
                : derived is { IsDecided: true, Errors.Count: > 0 } ? TracedRow.Absent("The record was rejected.")
                : await rows.FindByLineageAsync(job, record, plan.Definition, names, facts, everywhere: true, cancellationToken);
        }

        if (row is { Found: null, IsSearched: false } && derived is not null)
        {
            row = await rows.FindByKeyAsync(job, plan.Definition, names, derived, row, cancellationToken);
        }

        TraceViews views = new(job, record, plan, facts, letter, known, hidden);
        return views.Of(derived, reason, traceId, row);
    }

    /// <summary>
    /// By the version that the job was loaded by, and by the one that is current: what is hidden now is hidden in what came before.
    /// </summary>
    private async Task<HashSet<int>> HiddenAsync(JobRow job, RowPlan plan, CancellationToken cancellationToken)
    {
        HashSet<int> hidden = [.. HiddenColumns.Of(plan)];
        if (await datasets.FindAsync(job.Dataset, cancellationToken) is { } current && current.Version != job.DatasetVersion)
        {
            IReadOnlySet<string> personal = current.Definition.PersonalColumns();
            ImmutableArray<FieldDefinition> columns = [.. plan.Definition.Columns];
            hidden.UnionWith(Enumerable.Range(0, columns.Length).Where(field => personal.Contains(columns[field].Name)));
        }

        return hidden;
    }

    private async Task<DeadLetterView?> FindLetterAsync(Guid job, long record, CancellationToken cancellationToken)
    {
        DeadLetterFilter filter = new(job, After: record - 1, Code: null, Field: null);
        DeadLetterRows found = await letters.ListAsync(filter, records: 1, cancellationToken);
        return found.Rows is [{ } first, ..] && first.Record == record ? DeadLetterView.Of(first) : null;
    }

    private async Task<(DerivedRecord? Derived, string? Reason, string? TraceId)> DeriveAsync(
        JobRow job, long record, TraceFacts facts, DeadLetterView? letter, RowPlan plan, KnownAnswers known,
        CancellationToken cancellationToken)
    {
        if (facts.Chunk is not { } chunk)
        {
            string state = job.JobState.ToText();
            return (null, $"The job is {state}: no part of it that is committed has the record, and only its dead letter tells of it.", null);
        }

        (TracedUpload? upload, string? reason) = await uploads.OpenAsync(job, plan.Definition, facts.Places.Converted, cancellationToken);
        if (upload is null)
        {
            return (null, reason, null);
        }

        await using (upload)
        {
            if (letter?.Errors is [{ Code: "record_too_long" }])
            {
                return (null, "The record is longer than the limit, Spool:RecordBytesMax: it was not looked into.", upload.TraceId);
            }

            try
            {
                return (await derivation.DeriveAsync(job, record, chunk, upload, plan, known, cancellationToken), null, upload.TraceId);
            }
            catch (Exception e) when (TracedUploads.ReasonOf(e) is { } fault)
            {
                return (null, fault, upload.TraceId);
            }
        }
    }
}
