using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions.Tests;

/// <summary>What services answer in a test: what the test says, and nothing else.</summary>
internal sealed class ServiceReplies
{
    private const string Input = "input", Output = "output", Error = "error";

    private readonly DatasetTest _test;
    private readonly string _pointer;
    private readonly DefinitionFaults _faults;

    /// <param name="pointer">Where the test says what they answer.</param>
    public ServiceReplies(DatasetTest test, RowPlan plan, string pointer, DefinitionFaults faults)
    {
        (_test, _pointer, _faults) = (test, pointer, faults);
        foreach (string name in test.Services.Keys.Where(name => plan.Services.All(use => use.Service != name)))
        {
            faults.Add(
                JsonPointer.Append(pointer, name),
                $"The definition does not ask \"{Excerpt.Of(name)}\"." + Suggestion.For(name, plan.Services.Select(use => use.Service)));
        }
    }

    /// <summary>Whether something was asked that the test does not answer: then nothing can be said of the record.</summary>
    public bool IsLacking { get; private set; }

    /// <inheritdoc cref="AskService"/>
    public Task<IReadOnlyList<ServiceAnswer>> AskAsync(
        ServiceUse use, IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ImmutableArray<string> replies = _test.Services.GetValueOrDefault(use.Service, []);
        return Task.FromResult<IReadOnlyList<ServiceAnswer>>([.. inputs.Select(input => Answer(use, input, replies))]);
    }

    private ServiceAnswer Answer(ServiceUse use, byte[] input, ImmutableArray<string> replies)
    {
        using var asked = JsonDocument.Parse(input);
        for (int i = 0; i < replies.Length; i++)
        {
            using var reply = JsonDocument.Parse(replies[i]);
            if (!reply.RootElement.TryGetProperty(Input, out JsonElement given) || !JsonElement.DeepEquals(given, asked.RootElement))
            {
                continue;
            }

            bool hasOutput = reply.RootElement.TryGetProperty(Output, out JsonElement output);
            bool hasError = reply.RootElement.TryGetProperty(Error, out JsonElement error);
            if (hasOutput != hasError)
            {
                return hasError ? new ServiceAnswer(RecordErrorCode.EnrichmentFailed, Excerpt: ServiceExcerpt.Of(error.ToString()))
                    : output.ValueKind == JsonValueKind.Null ? ServiceAnswer.Missing
                    : new ServiceAnswer(RecordErrorCode.None, Encoding.UTF8.GetBytes(output.GetRawText()));
            }

            IsLacking = true;
            _faults.Add(
                JsonPointer.Append(JsonPointer.Append(_pointer, use.Service), i),
                "Must have either an \"output\", null where nothing is known, or an \"error\".");
            return ServiceAnswer.Missing;
        }

        IsLacking = true;
        _faults.Add(
            _pointer,
            $"The record asks \"{use.Service}\" for {Excerpt.Of(Encoding.UTF8.GetString(input))}: say what it answers, as \"services\": {{ "
                + $"\"{use.Service}\": [ {{ \"input\": …, \"output\": … }} ] }}.");
        return ServiceAnswer.Missing;
    }
}
