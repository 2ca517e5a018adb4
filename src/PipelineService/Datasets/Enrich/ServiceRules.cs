using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Enrich;

/// <summary>Holds the services that a definition asks against those that there are, and against what the rest of it does.</summary>
public sealed class ServiceRules(IOptions<EnrichOptions> options)
{
    /// <summary>JSON pointer → sentences; empty when nothing is wrong.</summary>
    internal IReadOnlyDictionary<string, string[]> FaultsOf(DatasetDefinition definition)
    {
        OrderedDictionary<string, string[]> faults = [];
        for (int i = 0; i < definition.Transforms.Length; i++)
        {
            if (definition.Transforms[i] is not HttpOp op)
            {
                continue;
            }

            string pointer = JsonPointer.Append("/transforms", i);
            if (FaultOfService(op) is { } fault)
            {
                faults.Add($"{pointer}/{fault.Property}", [fault.Sentence]);
            }

            if (op.Unavailable == OnUnavailable.Null && GapRules.FaultOf(definition, i) is { } unfillable)
            {
                faults.Add($"{pointer}/unavailable", [unfillable]);
            }
        }

        return faults;
    }

    private (string Property, string Sentence)? FaultOfService(HttpOp op)
    {
        if (!options.Value.Services.TryGetValue(op.Service, out ServiceOptions? service))
        {
            return ("service", $"There is no service \"{Excerpt.Of(op.Service)}\": the operator sets Enrich:Services:{{name}}."
                + Suggestion.For(op.Service, options.Value.Services.Keys));
        }

        string[] lacking = service.Mode == ServiceMode.Get ? [.. ServiceAddress.PlacesOf(service.Url!).Except(op.Inputs)] : [];
        return lacking.Length == 0
            ? null
            : ("inputs", $"Lacks {string.Join(", ", lacking.Select(name => $"\"{name}\""))}, which the address of \"{op.Service}\" needs.");
    }
}
