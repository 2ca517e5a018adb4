using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>Reads <c>rest</c> of a schema: the field that takes what the others do not.</summary>
internal static class RestReader
{
    private const string Rest = "rest";

    /// <param name="schema">The schema.</param>
    /// <param name="fields">Those that it declares; default where they could not be read.</param>
    /// <returns>The field's name; null when there is none, or a fault in it.</returns>
    public static string? Read(ObjectReader schema, ImmutableArray<FieldDefinition> fields)
    {
        if (schema.Text(Rest) is not string name || fields.IsDefault)
        {
            return null;
        }

        FieldDefinition? declared = fields.FirstOrDefault(field => field.Name == name);
        string? fault = declared is null ? IdentifierRules.FaultOfColumn(name, hasLineage: true)
            : declared.Type != FieldType.Object ? $"The field \"{Excerpt.Of(name)}\" takes a JSON object: its type must be object."
            : declared.Source is not null ? $"The field \"{Excerpt.Of(name)}\" is not looked for in the data: it has no source."
            : null;
        if (fault is null)
        {
            return name;
        }

        schema.Fault(Rest, fault);
        return null;
    }

    /// <summary>The fields with the one that takes the rest, behind them where it is not declared.</summary>
    public static ImmutableArray<FieldDefinition> WithRest(ImmutableArray<FieldDefinition> fields, string? rest) =>
        rest is null || fields.Any(field => field.Name == rest)
            ? fields
            : fields.Add(new FieldDefinition { Name = rest, Type = FieldType.Object });
}
