using System.Text.Json;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Views;

/// <summary>Which views there are: what a definition declares, in the transaction that declares it.</summary>
internal static class ViewStore
{
    private const string DropOthers = """
        UPDATE pipeline.views v SET dropped_at = now()
        WHERE v.dataset = @dataset AND v.dropped_at IS NULL AND NOT EXISTS (
            SELECT FROM unnest(@names, @definitions, @types) AS d (name, definition, types)
            WHERE d.name = v.name AND d.definition::jsonb = v.definition AND d.types::jsonb = v.types
              AND v.table_schema = @schema AND v.table_name = @table)
        """;

    private const string AddMissing = """
        INSERT INTO pipeline.views (dataset, name, table_schema, table_name, definition, types)
        SELECT @dataset, d.name, @schema, @table, d.definition::jsonb, d.types::jsonb
        FROM unnest(@names, @definitions, @types) AS d (name, definition, types)
        WHERE NOT EXISTS (SELECT FROM pipeline.views v WHERE v.dataset = @dataset AND v.name = d.name AND v.dropped_at IS NULL)
        """;

    /// <summary>Lets the views of a dataset be those of its definition; null: it has none any more. They are built afterwards.</summary>
    public static async Task DeclareAsync(
        NpgsqlConnection connection, string dataset, DatasetDefinition? definition, CancellationToken cancellationToken)
    {
        IReadOnlyList<ViewDefinition> views = definition?.Views ?? [];
        var values = new
        {
            dataset,
            names = views.Select(view => view.Name).ToArray(),
            definitions = views.Select(view => JsonSerializer.Serialize(ViewDocument.Of(view), PipelineJson.Options)).ToArray(),
            types = views.Select(view => JsonSerializer.Serialize(TypesOf(view, definition!))).ToArray(),
            schema = definition?.Load.Table.Schema ?? "",
            table = definition?.Load.Table.Name ?? "",
        };
        await connection.ExecuteAsync(new CommandDefinition(DropOthers, values, cancellationToken: cancellationToken));
        if (views.Count > 0)
        {
            await connection.ExecuteAsync(new CommandDefinition(AddMissing, values, cancellationToken: cancellationToken));
        }
    }

    /// <summary>
    /// Views of columns that are made of personal data, as JSON pointer → sentences: what a definition says of these is told when it is read,
    /// what ops make of them is known of what is compiled.
    /// </summary>
    public static IReadOnlyDictionary<string, string[]> FaultsOf(RowPlan plan)
    {
        IReadOnlySet<string> hidden = plan.Definition.Views.IsEmpty ? new HashSet<string>() : HiddenColumns.NamesOf(plan);
        return plan.Definition.Views.Index()
            .Select(view => (Pointer: $"/{ViewsReader.Property}/{view.Index}", Fields: FieldsOf(view.Item).Where(hidden.Contains).ToArray()))
            .Where(view => view.Fields.Length > 0)
            .ToDictionary(
                view => view.Pointer,
                view => view.Fields.Select(field => $"\"{Excerpt.Of(field)}\" is made of personal data, which is shown to nobody.").ToArray());
    }

    private static IEnumerable<string> FieldsOf(ViewDefinition view) =>
        view.Keys.Select(key => key.Field).Concat(view.Parts.Select(part => part.Field)).Distinct(StringComparer.Ordinal);

    private static Dictionary<string, string> TypesOf(ViewDefinition view, DatasetDefinition definition) => FieldsOf(view)
        .ToDictionary(name => name, name => definition.Columns.First(column => column.Name == name).ColumnType.ToString());
}
