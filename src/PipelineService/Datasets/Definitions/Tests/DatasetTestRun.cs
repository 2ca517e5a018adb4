using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Models;

namespace PipelineService.Datasets.Definitions.Tests;

/// <summary>
/// Runs the tests of a definition on the code that loads records: each record is read, transformed and encoded as one of an upload of
/// NDJSON. What the database has to say about a row comes later, and no test can ask for it.
/// </summary>
internal sealed class DatasetTestRun
{
    private readonly RowPlan _plan;
    private readonly RecordReader _reader;
    private readonly LookupSources _sources;
    private readonly LookupVersions? _versions;
    private readonly BoundModels _models;
    private ChunkTransform _transform;
    private ExternalAnswers? _answers;
    private readonly TransformWorkspace _workspace = new();
    private readonly DefinitionFaults _faults = new();

    private DatasetTestRun(RowPlan plan, LookupSources sources, LookupVersions? versions, BoundModels models)
    {
        (_plan, _sources, _versions, _models) = (plan, sources, versions, models);
        JsonItems items = plan.Definition.Items;
        _reader = items.AreArrays
            ? new NdjsonRecordReader(plan.Definition.Schema, framing: JsonFraming.Whole)
            : JsonObjects.ReaderOf(plan.Definition, JsonFraming.Whole);
        _transform = new ChunkTransform(plan, _reader, new JobFacts(Guid.Empty) { Answers = models.With(lookups: null) });
    }

    /// <summary>What is wrong with the tests of a definition, or with the definition: both sides of each that fails.</summary>
    /// <param name="plan">The definition, compiled.</param>
    /// <param name="sources">The datasets that it looks up.</param>
    /// <param name="versions">Has their rows, for tests that give none; null: they have none.</param>
    /// <param name="binder">Has the models that score its records; null where none does.</param>
    /// <returns>JSON pointer → sentences; empty when all of them pass.</returns>
    public static async Task<IReadOnlyDictionary<string, string[]>> FaultsOfAsync(
        RowPlan plan, LookupSources sources, LookupVersions? versions, ModelBinder? binder, CancellationToken cancellationToken)
    {
        if (plan.Definition.Tests.IsEmpty)
        {
            return new Dictionary<string, string[]>();
        }

        using BoundModels models = binder is null ? BoundModels.None
            : await binder.LoadAsync(plan, sources.Models.Versions, cancellationToken);
        DatasetTestRun run = new(plan, sources, versions, models);
        for (int i = 0; i < plan.Definition.Tests.Length; i++)
        {
            await run.CheckAsync(plan.Definition.Tests[i], JsonPointer.Append("/tests", i), cancellationToken);
        }

        return run._faults.ToErrors();
    }

    private async Task CheckAsync(DatasetTest test, string pointer, CancellationToken cancellationToken)
    {
        byte[] record = Encoding.UTF8.GetBytes(test.Record);
        ChunkPosition position = new(FirstRecord: 1, FirstLine: 1);
        if (!_plan.Lookups.IsEmpty && !await BindAsync(test, JsonPointer.Append(pointer, "lookups"), cancellationToken))
        {
            return;
        }

        ServiceReplies? replies = null;
        if (!_plan.Services.IsEmpty)
        {
            replies = new ServiceReplies(test, _plan, JsonPointer.Append(pointer, "services"), _faults);
            _transform = new ChunkTransform(
                _plan, _reader, new JobFacts(Guid.Empty) { Answers = (_models.With(_answers) ?? ExternalAnswers.None).With(replies.AskAsync) });
        }

        ChunkAnswers? answers = await _transform.AnswerAsync(record, position, _workspace, cancellationToken);
        if (replies is { IsLacking: true })
        {
            return;
        }

        _transform.Run(record, position, _workspace, answers);
        Check(test, pointer);
    }

    /// <summary>Brings what it looks up together with the rows that the test gives, or that are there.</summary>
    /// <returns>False when there are none.</returns>
    private async Task<bool> BindAsync(DatasetTest test, string pointer, CancellationToken cancellationToken)
    {
        foreach (string name in test.Lookups.Keys.Where(name => _plan.Lookups.All(use => use.Dataset != name)))
        {
            _faults.Add(
                JsonPointer.Append(pointer, name),
                $"The definition does not look up \"{Excerpt.Of(name)}\"."
                + Hosting.Suggestion.For(name, _plan.Lookups.Select(use => use.Dataset)));
        }

        var tables = ImmutableDictionary.CreateBuilder<int, LookupTable>();
        Dictionary<string, Guid> pins = [];
        foreach (LookupUse use in _plan.Lookups)
        {
            if (test.Lookups.TryGetValue(use.Dataset, out ImmutableArray<string> rows))
            {
                tables.Add(
                    use.Op, TestRows.Read(rows, _sources.Find(use.Dataset)!, use, JsonPointer.Append(pointer, use.Dataset), _faults));
            }
            else if (!pins.ContainsKey(use.Dataset))
            {
                if (_versions is null || await _versions.FindCurrentAsync(use.Dataset, cancellationToken) is not { } current)
                {
                    _faults.Add(
                        pointer, $"Dataset \"{use.Dataset}\" has no rows yet: give those that count, as \"lookups\": {{ "
                            + $"\"{use.Dataset}\": [ … ] }}.");
                    return false;
                }

                pins[use.Dataset] = current;
            }
        }

        _answers = new ExternalAnswers(
            tables.ToImmutable(), (use, questions, token) => _versions!.AskAsync(pins[use.Dataset], use, questions, token));
        _transform = new ChunkTransform(_plan, _reader, new JobFacts(Guid.Empty) { Answers = _models.With(_answers) });
        return true;
    }

    private void Check(DatasetTest test, string pointer)
    {
        switch (test.Outcome)
        {
            case TestOutcome.Row when _workspace.Rows.Count == 1:
                CheckRow(test, JsonPointer.Append(pointer, "row"));
                break;
            case TestOutcome.Rejected when Reasons().Any(reason => reason.Code == test.Reason):
            case TestOutcome.Filtered when _workspace.Filtered == 1 && IsBy(test.Reason):
                break;
            case TestOutcome.Row:
                _faults.Add(JsonPointer.Append(pointer, "row"), $"A row was expected, but {Happened()}");
                break;
            case TestOutcome.Rejected:
                _faults.Add(
                    JsonPointer.Append(pointer, "rejected"), $"A reject with {Excerpt.Of(test.Reason!)} was expected, but {Happened()}");
                break;
            default:
                string by = test.Reason is null ? "" : $" by {Excerpt.Of(test.Reason)}";
                _faults.Add(
                    JsonPointer.Append(pointer, "filtered"), $"The record was expected to be filtered{by}, but {Happened()}");
                break;
        }
    }

    private void CheckRow(DatasetTest test, string pointer)
    {
        using var expected = JsonDocument.Parse(test.Row!);
        foreach (JsonProperty member in expected.RootElement.EnumerateObject())
        {
            string place = JsonPointer.Append(pointer, member.Name);
            int column = IndexOf(member.Name);
            if (column < 0)
            {
                string meant = _faults.Near(member.Name, _plan.Columns.Select(c => c.Field.Name));
                _faults.Add(place, $"The dataset has no column \"{Excerpt.Of(member.Name)}\".{meant}");
                continue;
            }

            var found = StoredValue.Of(_workspace.Rows, row: 0, column, _plan.Columns[column]);
            if (StoredValue.TryEncode(member.Value, _plan.Columns[column], out StoredValue value, out RecordErrorCode code))
            {
                if (!found.IsSameAs(value))
                {
                    _faults.Add(place, $"{value} was expected, but the row has {found}.");
                }
            }
            else
            {
                _faults.Add(place, $"No row can have this: {ErrorMessages.For(_plan.Columns[column].Field, code)} This one has {found}.");
            }
        }
    }

    /// <summary>Whether a filter of this name, or any, has left the record out.</summary>
    private bool IsBy(string? filter) =>
        filter is null || _plan.CountOps(_workspace.Ops).Any(op => op.Op == "filter" && op.Name == filter);

    /// <summary>Why the record was rejected; empty when it was not.</summary>
    private List<(string Code, string? Field, string Message)> Reasons()
    {
        List<(string Code, string? Field, string Message)> reasons = [];
        foreach (Reject reject in _workspace.Rejects.Rejects)
        {
            foreach (RecordError error in _workspace.Rejects.ErrorsOf(reject))
            {
                var reason = RecordReason.Of(error, _plan);
                reasons.Add((reason.Code, reason.Field?.Name, reason.Message));
            }
        }

        return reasons;
    }

    private int IndexOf(string column)
    {
        for (int i = 0; i < _plan.Columns.Length; i++)
        {
            if (_plan.Columns[i].Field.Name == column)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>What became of the record, as the end of a sentence.</summary>
    private string Happened()
    {
        if (_workspace.Rows.Count == 1)
        {
            IEnumerable<string> values = _plan.Columns.Select((column, i) =>
                $"{column.Field.Name} = {StoredValue.Of(_workspace.Rows, row: 0, i, column)}");
            return $"the row is {string.Join(", ", values)}.";
        }

        if (_workspace.Filtered == 1)
        {
            return "it was filtered.";
        }

        return "it was rejected: " + string.Join(
            ' ', Reasons().Select(r => r.Field is null ? $"{r.Code}: {r.Message}" : $"{r.Code} of {r.Field}: {r.Message}"));
    }
}
