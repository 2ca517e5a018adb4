using System.Text.Json;
using Dapper;
using Npgsql;

namespace PipelineService.Tests.Infrastructure;

/// <summary>What PostgreSQL did for a statement: how many rows of which table it read, and how. Undone after it.</summary>
internal sealed class QueryPlan
{
    private readonly List<JsonElement> _nodes = [];

    private QueryPlan(JsonElement root) => Collect(root);

    /// <summary>Rows that were read from the table, those included that did not fit the conditions.</summary>
    public double RowsOf(string table) => _nodes
        .Where(node => Text(node, "Relation Name") == table)
        .Sum(node => Number(node, "Actual Loops")
            * (Number(node, "Actual Rows") + Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Index Recheck")));

    /// <summary>The most rows that anything sorted.</summary>
    public double RowsSorted => _nodes
        .Where(node => Text(node, "Node Type") is "Sort" or "Incremental Sort")
        .SelectMany(node => node.GetProperty("Plans").EnumerateArray())
        .Select(node => Number(node, "Actual Loops") * Number(node, "Actual Rows"))
        .DefaultIfEmpty()
        .Max();

    /// <summary>Whether a table was read from end to end.</summary>
    public bool Scans(string table) =>
        _nodes.Exists(node => Text(node, "Node Type") == "Seq Scan" && Text(node, "Relation Name") == table);

    /// <summary>The indexes that were read.</summary>
    public IEnumerable<string> Indexes => _nodes.Select(node => Text(node, "Index Name")).OfType<string>().Distinct();

    public static async Task<QueryPlan> OfAsync(NpgsqlDataSource database, string sql, object values, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        string plan = await connection.QuerySingleAsync<string>(new CommandDefinition(
            $"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values, transaction, cancellationToken: cancellationToken));
        using var document = JsonDocument.Parse(plan);
        return new QueryPlan(document.RootElement[0].GetProperty("Plan").Clone());
    }

    private void Collect(JsonElement node)
    {
        _nodes.Add(node);
        if (node.TryGetProperty("Plans", out JsonElement plans))
        {
            foreach (JsonElement below in plans.EnumerateArray())
            {
                Collect(below);
            }
        }
    }

    private static string? Text(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static double Number(JsonElement node, string name) =>
        node.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : 0;
}
