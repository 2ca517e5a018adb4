using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Events.Views;

/// <summary>The views of a dataset.</summary>
public sealed record ViewList(IReadOnlyList<ViewState> Items);

/// <summary>A view as it stands.</summary>
/// <param name="State">`building`: it is not told yet; `ready`; `refused`: it cannot be kept.</param>
/// <param name="Reason">Why it is not ready; null where it is, or was not built yet.</param>
/// <param name="Groups">How many groups it had when it was put together last.</param>
/// <param name="Relation">In the database: a view with the same groups, for SQL.</param>
/// <param name="BuiltAt">When it was made of the rows of the table, from when on it is kept.</param>
public sealed record ViewState(
    string Name,
    [property: Words("ViewCondition", "building", "ready", "refused")] string State,
    string? Reason,
    long? Groups,
    [property: Scalar(JsonSchemaType.String | JsonSchemaType.Object)] IReadOnlyList<JsonElement> GroupBy,
    IReadOnlyDictionary<string, string> Measures,
    string Relation,
    DateTime DeclaredAt,
    DateTime? BuiltAt,
    ViewLinks Links)
{
    internal static ViewState Of(StoredView view)
    {
        KeptView kept = view.ToView();
        var declared = ViewDocument.Of(kept.View);
        return new ViewState(
            view.Name, view.State, view.Reason, view.Groups, declared.GroupBy, declared.Measures, new ViewSql(kept).Name,
            view.DeclaredAt, view.BuiltAt, new ViewLinks($"/v1/datasets/{view.Dataset}/views/{view.Name}"));
    }
}

/// <summary>Where to go on.</summary>
public sealed record ViewLinks(string Groups);

/// <summary>Groups of a view, in the order of their keys.</summary>
/// <param name="Items">Each with its keys and measures by name: exact numbers as they are.</param>
/// <param name="NextCursor">For the next page; null on the last.</param>
public sealed record ViewPage(IReadOnlyList<JsonObject> Items, string? NextCursor);
