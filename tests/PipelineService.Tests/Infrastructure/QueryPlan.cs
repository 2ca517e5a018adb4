using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
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

    /// <summary>The same by the plan that is made once for all values, as for a statement that says so.</summary>
    public static async Task<QueryPlan> OfAnyValuesAsync(
        NpgsqlDataSource database, string sql, object values, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        PropertyInfo[] used = [.. values.GetType().GetProperties().Where(value => Regex.IsMatch(sql, $@"@{value.Name}\b"))];
        string numbered = Regex.Replace(sql, @"@(\w+)\b", match => $"${Array.FindIndex(used, value => value.Name == match.Groups[1].Value) + 1}");
        (string Type, string Literal)[] given = await Task.WhenAll(used.Select(async value => await QuoteAsync(value.GetValue(values)!)));
        await connection.ExecuteAsync(
            $"SET LOCAL plan_cache_mode = force_generic_plan; PREPARE planned ({string.Join(", ", given.Select(g => g.Type))}) AS {numbered}");
        string plan = await connection.QuerySingleAsync<string>(
            $"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE planned ({string.Join(", ", given.Select(g => g.Literal))}); DEALLOCATE planned");
        using var document = JsonDocument.Parse(plan);
        return new QueryPlan(document.RootElement[0].GetProperty("Plan").Clone());

        async Task<(string Type, string Literal)> QuoteAsync(object value)
        {
            await using NpgsqlCommand command = database.CreateCommand("SELECT pg_typeof($1)::text, quote_literal($1)");
            command.Parameters.Add(new NpgsqlParameter { Value = value });
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return (reader.GetString(0), reader.GetString(1));
        }
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
