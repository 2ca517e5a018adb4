using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Rows;
using PipelineService.Jobs.DeadLetters;

namespace PipelineService.Jobs.Traces;

/// <summary>
/// What services have answered to a record, as far as something still says it: no service is asked again, which might answer otherwise
/// today.
/// </summary>
internal sealed class KnownAnswers
{
    private readonly Dictionary<int, (ServiceAnswer Answer, string From)> _answers = [];

    /// <param name="letter">Its dead letter; null: it has none.</param>
    /// <param name="row">Its row as it is now; null: there is none.</param>
    public KnownAnswers(RowPlan plan, DeadLetterView? letter, IReadOnlyList<TracedGap> gaps, StoredRow? row)
    {
        foreach (ServiceUse use in plan.Services)
        {
            if (OfLetter(use, letter) is { } refused)
            {
                _answers.Add(use.Op, (refused, "the dead letter"));
            }
            else if (OfGap(use, gaps) is { } none)
            {
                _answers.Add(use.Op, (none, "the gap in the row"));
            }
            else if (letter is null && row is not null && OfRow(plan, use.Op, row) is { } stored)
            {
                _answers.Add(use.Op, (stored, "the row as it is stored now"));
            }
        }
    }

    /// <summary>Where the answer to an op is known from; null where it is not known.</summary>
    public string? SourceOf(int op) => _answers.TryGetValue(op, out (ServiceAnswer Answer, string From) known) ? known.From : null;

    /// <inheritdoc cref="AskService"/>
    public Task<IReadOnlyList<ServiceAnswer>> AskAsync(ServiceUse use, IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ServiceAnswer answer = _answers[use.Op].Answer;
        return Task.FromResult<IReadOnlyList<ServiceAnswer>>([.. inputs.Select(_ => answer)]);
    }

    private static ServiceAnswer? OfLetter(ServiceUse use, DeadLetterView? letter) =>
        letter?.Errors.FirstOrDefault(error => error.Op == use.Op) is { } error
        && RecordErrorCodes.TryParse(error.Code, out RecordErrorCode code) && code >= RecordErrorCode.EnrichmentMissing
        && RecordErrorCodes.IsOfAnswer(code)
            ? new ServiceAnswer(code, Excerpt: error.Answer)
            : null;

    private static ServiceAnswer? OfGap(ServiceUse use, IReadOnlyList<TracedGap> gaps) =>
        gaps.FirstOrDefault(gap => gap.Op == use.Op && gap.State != "filled") is { } gap
        && RecordErrorCodes.TryParse(gap.Reason, out RecordErrorCode code)
            ? new ServiceAnswer(code)
            : null;

    /// <summary>The values that the op has set, where no op behind it may have changed them.</summary>
    private static ServiceAnswer? OfRow(RowPlan plan, int op, StoredRow row)
    {
        if (plan.Definition.Transforms[op] is not HttpOp http
            || plan.Steps.Skip(op + 1).Any(step => step.Changes.Any(plan.Steps[op].Gives.Contains))
            || plan.Steps[op].Gives.Any(plan.Hidden.Contains))
        {
            return null;
        }

        JsonNode? output = new JsonObject();
        for (int i = 0; i < http.Sets.Length; i++)
        {
            string name = http.Sets[i].Name;
            if (row.Cut.Contains(name) || !TrySet(ref output, AnswerPaths.Of(http.Pointers[i]), row.Values[name]))
            {
                return null;
            }
        }

        return new ServiceAnswer(RecordErrorCode.None, Encoding.UTF8.GetBytes(output?.ToJsonString() ?? "null"));
    }

    /// <returns>False where something else stands at the place.</returns>
    private static bool TrySet(ref JsonNode? output, ImmutableArray<string> path, JsonNode? value)
    {
        if (path.IsEmpty)
        {
            bool isFree = output is JsonObject { Count: 0 };
            output = value?.DeepClone();
            return isFree;
        }

        if (output is not JsonObject place)
        {
            return false;
        }

        foreach (string name in path[..^1])
        {
            if (place[name] is null)
            {
                place[name] = new JsonObject();
            }

            if (place[name] is not JsonObject next)
            {
                return false;
            }

            place = next;
        }

        return place.TryAdd(path[^1], value?.DeepClone());
    }
}
