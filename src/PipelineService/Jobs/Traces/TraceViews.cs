using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Datasets.Models;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Traces;

/// <summary>Puts together what is told of one record.</summary>
/// <param name="hidden">0-based indexes of the columns that are shown to nobody.</param>
internal sealed class TraceViews(
    JobRow job, long record, RowPlan plan, TraceFacts facts, DeadLetterView? letter, KnownAnswers known, IReadOnlySet<int> hidden)
{
    private readonly ImmutableArray<FieldDefinition> _columns = [.. plan.Definition.Columns];
    private readonly PinnedVersions _pins = JobPins.Read(job.Pins) ?? PinnedVersions.None;

    /// <summary>Whether the dead letter shows nothing but what may be shown: it was written when less was hidden, perhaps.</summary>
    private bool IsLetterShown => hidden.All(place => place >= plan.Definition.Schema.Fields.Length || plan.Hidden.Contains(place));

    public RecordTraceView Of(DerivedRecord? derived, string? reason, string? traceId, TracedRow row)
    {
        TraceTexts texts = new(hidden, derived?.Start.Transform.Syntax);
        TracedRawView? raw = derived is not null ? texts.RawOf(derived)
            : letter is not null && IsLetterShown ? new TracedRawView(letter.Raw, letter.RawBase64, letter.RawTruncated)
            : null;
        string self = string.Create(CultureInfo.InvariantCulture, $"/v1/jobs/{job.Id}/records/{record}");
        return new RecordTraceView(
            job.Id,
            job.Dataset,
            job.DatasetVersion,
            record,
            OutcomeOf(derived, row),
            derived is not null ? "upload" : letter is not null ? "dead_letter" : row.Found is not null ? "row" : "nothing",
            NoteOf(derived, reason, raw),
            derived is not null ? new PositionView(derived.ByteOffset, derived.Trace.Line, derived.Item)
                : letter is not null ? new PositionView(letter.ByteOffset, letter.Line, letter.Item)
                : null,
            raw,
            derived is null ? new Dictionary<string, string?>() : FieldsOf(derived, texts),
            StepsOf(derived, texts),
            derived is null ? [] : [.. derived.Trace.Columns.Select(column => CheckOf(column, texts))],
            facts.Chunk is { } chunk
                ? new TracedChunkView(
                    chunk.StartOffset, chunk.EndOffset, chunk.FirstRecord, chunk.Read, chunk.Loaded, chunk.Rejected, chunk.Filtered,
                    chunk.Epoch)
                : null,
            plan.Definition.Load.Commit == CommitPolicy.Chunk ? facts.Chunk?.CommittedAt : facts.Chunk is null ? null : job.FinishedAt,
            traceId,
            job.Owner,
            new TracedRowView(
                row.Found is not null ? "found" : row.IsSearched ? "absent" : "not_known", row.By, row.Found?.Values, row.Note),
            new TraceLinks(self, $"/v1/jobs/{job.Id}", $"/v1/jobs/{job.Id}/dead-letters"));
    }

    private static string? NoteOf(DerivedRecord? derived, string? reason, TracedRawView? raw) =>
        derived is null ? reason
        : derived.Trace.IsPartial && derived.IsDecided is false ? derived.Unknown[derived.Unknown.Keys.Min()]
        : raw is null ? "The record itself is not shown: it has personal data, and cannot be read so that the rest could be told from it."
        : derived.Trace.ChangesUntold is > 0 and var untold
        ? string.Create(CultureInfo.InvariantCulture, $"The ops have made {untold} more changes, which are not shown.")
        : null;

    private OutcomeView OutcomeOf(DerivedRecord? derived, TracedRow row)
    {
        if (letter is not null)
        {
            int? rejecting = letter.Errors.Select(error => error.Op).FirstOrDefault(op => op is not null);
            IReadOnlyList<DeadLetterError> told = IsLetterShown
                ? letter.Errors
                : [.. letter.Errors.Select(error => error with { Value = null, Inputs = null, Answer = null })];
            return new OutcomeView("rejected", rejecting, told, letter.State);
        }

        if (derived is { IsDecided: true, Errors.Count: > 0 })
        {
            IReadOnlyList<DeadLetterError> errors =
                [.. derived.Errors.Select(error => new DeadLetterError(error.Field?.Name, error.Code, error.Message, Value: null))];
            return new OutcomeView("rejected", OpOf(derived), errors, DeadLetter: null);
        }

        string state = derived is { IsDecided: true } ? (derived.IsFiltered ? "filtered" : "loaded")
            : row.Found is not null ? "loaded"
            : facts.Chunk is { } chunk && chunk.Loaded == chunk.Read ? "loaded"
            : facts.Chunk is { } left && left.Filtered == left.Read ? "filtered"
            : "unknown";
        return new OutcomeView(state, derived is { IsFiltered: true } ? OpOf(derived) : null, [], DeadLetter: null);
    }

    /// <summary>The op that was the last word; null where none was.</summary>
    private static int? OpOf(DerivedRecord derived) => derived.Trace.Steps is [.., { Result.IsKept: false } last] ? last.Op : null;

    /// <summary>What was read of the data, without the columns that only ops fill.</summary>
    private Dictionary<string, string?> FieldsOf(DerivedRecord derived, TraceTexts texts)
    {
        Dictionary<string, string?> fields = [];
        for (int field = 0; field < Math.Min(derived.Trace.Fields.Length, plan.Definition.Schema.Fields.Length); field++)
        {
            fields[_columns[field].Name] = texts.Of(field, derived.Trace.Fields[field]);
        }

        return fields;
    }

    private List<TracedStepView> StepsOf(DerivedRecord? derived, TraceTexts texts)
    {
        List<TracedStepView> steps = [];
        for (int op = 0; op < plan.Ops.Length; op++)
        {
            OpLabel label = plan.Ops[op];
            TracedStep? step = derived?.Trace.Steps.ElementAtOrDefault(op);
            steps.Add(step is null
                ? new TracedStepView(
                    op, label.Op, label.Name, derived is { IsDecided: true } ? "not_run" : "not_known", new Dictionary<string, string?>(),
                    [], FromOf(op), derived?.Unknown.GetValueOrDefault(op))
                : new TracedStepView(
                    op, label.Op, label.Name, OutcomeOf(step.Result), InputsOf(step, texts), ChangesOf(step, texts), FromOf(op),
                    Note: null));
        }

        return steps;
    }

    private Dictionary<string, string?> InputsOf(TracedStep step, TraceTexts texts)
    {
        Dictionary<string, string?> inputs = [];
        foreach (TracedField input in step.Inputs)
        {
            inputs[_columns[input.Field].Name] = texts.Of(input.Field, input.Value);
        }

        return inputs;
    }

    /// <summary>What only is written otherwise has not changed.</summary>
    private List<TracedChangeView> ChangesOf(TracedStep step, TraceTexts texts)
    {
        List<TracedChangeView> changes = [];
        foreach (TracedChange change in step.Changes)
        {
            TracedChangeView view = new(
                _columns[change.Field].Name, texts.Of(change.Field, change.Before), texts.Of(change.Field, change.After));
            bool isShown = !hidden.Contains(change.Field) && view.Before?.EndsWith('…') != true;
            if (!isShown || view.Before != view.After)
            {
                changes.Add(view);
            }
        }

        return changes;
    }

    private TracedCheckView CheckOf(TracedColumn column, TraceTexts texts)
    {
        int field = column.Column.Index;
        bool isFault = column is { IsSettled: true, Code: not RecordErrorCode.None };
        return new TracedCheckView(
            _columns[field].Name, texts.Of(field, column.Value), column.IsSettled ? texts.Of(field, column.Stored) : null,
            TracedRules.OutcomeOf(column), isFault ? RecordErrorCodes.NameOf(column.Code) : null, TracedRules.Of(column));
    }

    /// <summary>Which version an op has asked, or where it is known from what it was answered.</summary>
    private string? FromOf(int op)
    {
        if (plan.Lookups.FirstOrDefault(use => use.Op == op) is { } lookup)
        {
            return _pins.Lookups.TryGetValue(lookup.Dataset, out Guid version)
                ? $"dataset {lookup.Dataset}, as job {version} loaded it"
                : null;
        }

        if (plan.Scores.FirstOrDefault(use => use.Op == op) is { } score)
        {
            return _pins.Models.TryGetValue(score.Model, out int number)
                ? $"model {ModelPins.Shown(ScoreOp.Split(score.Model).Name, number)}"
                : null;
        }

        ServiceUse? service = plan.Services.FirstOrDefault(use => use.Op == op);
        return service is not null && known.SourceOf(op) is { } source ? $"service {service.Service}, as {source} says" : null;
    }

    private static string OutcomeOf(StepResult result) => result.IsKept ? "kept" : result.IsFiltered ? "filtered" : "rejected";
}
