using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Views;

/// <summary>A view that is declared.</summary>
/// <param name="Id">Names its table.</param>
/// <param name="Table">The table whose rows it is of.</param>
/// <param name="Types">The types of its columns, by their names.</param>
public sealed record KeptView(long Id, ViewDefinition View, TableName Table, IReadOnlyDictionary<string, string> Types)
{
    /// <summary>The views whose parts are kept, as a look at their table tells them.</summary>
    /// <param name="json">An array of objects with <c>id</c>, <c>definition</c> and <c>types</c>; null: none.</param>
    public static IReadOnlyList<KeptView> Parse(string? json, TableName table)
    {
        if (json is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.EnumerateArray().Select(view => new KeptView(
                view.GetProperty("id").GetInt64(), ViewsReader.ReadStored(view.GetProperty("definition")), table,
                view.GetProperty("types").Deserialize<Dictionary<string, string>>()!)),
        ];
    }
}
