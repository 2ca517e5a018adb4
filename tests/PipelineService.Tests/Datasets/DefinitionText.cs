using System.Text;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

/// <summary>Definitions as texts in tests, written with single quotes for the sake of the eye.</summary>
internal static class DefinitionText
{
    public const string Dataset = "trips";

    public static DatasetDefinition Read(string definition, string dataset = Dataset)
    {
        DatasetDefinition? read = TryRead(definition, dataset, out IReadOnlyDictionary<string, string[]> errors);
        Assert.Empty(errors);
        return read!;
    }

    private static DatasetDefinition? TryRead(
        string definition, string dataset, out IReadOnlyDictionary<string, string[]> errors)
    {
        using var json = JsonDocument.Parse(definition.Replace('\'', '"'));
        return DefinitionReader.Read(json.RootElement, dataset, out errors);
    }

    /// <summary>The faults as lines "pointer: message", in order.</summary>
    public static string[] Faults(string definition)
    {
        Assert.Null(TryRead(definition, Dataset, out IReadOnlyDictionary<string, string[]> errors));
        return [.. errors.SelectMany(e => e.Value.Select(message => $"{e.Key}: {message}"))];
    }

    /// <summary>A definition with one field that has these properties.</summary>
    public static string WithField(string properties) => $"{{ 'schema': {{ 'fields': [ {{ {properties} }} ] }} }}";

    public static byte[] Bytes(string json) => Encoding.UTF8.GetBytes(json.Replace('\'', '"'));
}
