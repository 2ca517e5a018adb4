using System.Globalization;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Views;

/// <summary>The SQL that reads groups of a view: each is put together from its parts as they are now.</summary>
internal sealed class ViewReadSql(KeptView view)
{
    private readonly ViewSql _sql = new(view);
    private readonly IReadOnlyList<string> _keys = new ViewSql(view).KeyNames;

    /// <summary>Whether parts have come, or a group has changed otherwise, since a snapshot (@since).</summary>
    private const string IsNew = "p.xid >= pg_snapshot_xmin(@since::pg_snapshot) AND NOT pg_visible_in_snapshot(p.xid, @since::pg_snapshot)";

    /// <summary>The first key that is a time or a date; -1: there is none.</summary>
    public int TimeKey => view.View.Keys.Index()
        .Where(key => view.Types[key.Item.Field] is var type && (type == "date" || type.StartsWith("timestamp", StringComparison.Ordinal)))
        .Select(key => key.Index).DefaultIfEmpty(-1).First();

    /// <summary>A group as JSON and its key, as texts: in the order of the keys, as many as are asked for (@limit).</summary>
    /// <param name="after">The key of the group behind which to begin (@k0, …): where its values are NULL; null: from the first.</param>
    public string Page(bool hasFrom, bool hasTo, IReadOnlyList<bool>? after) => $"""
        SELECT {Json}, ARRAY[{string.Join(", ", _keys.Select(key => $"g.{key}::text"))}] FROM ({Groups(hasFrom, hasTo)}) g
        {(after is null ? "" : $"WHERE {After(after)}")}
        ORDER BY {string.Join(", ", _keys.Select(key => $"g.{key}"))} LIMIT @limit
        """;

    /// <summary>All groups, each as its values in text.</summary>
    public string Cells(bool hasFrom, bool hasTo) => $"""
        SELECT ARRAY[{string.Join(", ", Columns.Select(column => $"g.{column.Name}::text"))}] FROM ({Groups(hasFrom, hasTo)}) g
        ORDER BY {string.Join(", ", _keys.Select(key => $"g.{key}"))}
        """;

    public string HasNew => $"SELECT EXISTS (SELECT FROM {_sql.Parts} p WHERE {IsNew})";

    /// <summary>The groups that have changed since a snapshot (@since), as many as are asked for (@limit), and how many rows they have.</summary>
    public string Changed => $"""
        SELECT {Json}, {KeyJson}, g.all_rows FROM (
            SELECT {Selected}, sum(p.rows)::bigint AS all_rows FROM {_sql.Parts} p GROUP BY {string.Join(", ", _keys)}
            HAVING bool_or(p.xid IS NOT NULL AND {IsNew})) g
        ORDER BY {string.Join(", ", _keys.Select(key => $"g.{key}"))} LIMIT @limit
        """;

    /// <summary>Columns of a group, and what they are called.</summary>
    public IEnumerable<(string Name, string Told)> Columns =>
    [
        .. view.View.Keys.Select((key, i) => (_keys[i], key.Field)),
        .. view.View.Measures.Select((measure, i) => (Measure(i), measure.Name)),
    ];

    private string Json => ObjectOf(Columns);

    private string KeyJson => ObjectOf(Columns.Take(_keys.Count));

    private string Selected => string.Join(
        ", ", [.. _keys, .. view.View.Measures.Select((measure, i) => $"{_sql.Figure(measure)} AS {Measure(i)}")]);

    private string Groups(bool hasFrom, bool hasTo)
    {
        string[] bounds =
        [
            .. hasFrom ? [Bound(">=", "from")] : Array.Empty<string>(), .. hasTo ? [Bound("<", "to")] : Array.Empty<string>(),
        ];
        return $"""
            SELECT {Selected} FROM {_sql.Parts} p {(bounds.Length == 0 ? "" : "WHERE " + string.Join(" AND ", bounds))}
            GROUP BY {string.Join(", ", _keys)} HAVING sum(p.rows) > 0
            """;
    }

    private string Bound(string compare, string name) =>
        $"p.{_keys[TimeKey]} {compare} CAST(CAST(@{name} AS timestamptz) AS {view.Types[view.View.Keys[TimeKey].Field]})";

    /// <summary>Behind a key: greater in one column, and equal in all before it. What is NULL comes last.</summary>
    private string After(IReadOnlyList<bool> isNull)
    {
        List<string> ways = [];
        string equal = "";
        for (int i = 0; i < _keys.Count; i++)
        {
            string key = $"g.{_keys[i]}";
            string value = string.Create(CultureInfo.InvariantCulture, $"CAST(@k{i} AS {view.Types[view.View.Keys[i].Field]})");
            if (!isNull[i])
            {
                ways.Add($"{equal}({key} > {value} OR {key} IS NULL)");
            }

            equal += isNull[i] ? $"{key} IS NULL AND " : $"{key} = {value} AND ";
        }

        return ways.Count == 0 ? "false" : string.Join(" OR ", ways.Select(way => $"({way})"));
    }

    private static string ObjectOf(IEnumerable<(string Name, string Told)> columns) =>
        $"(SELECT row_to_json(r) FROM (SELECT {string.Join(", ", columns.Select(c => $"g.{c.Name} AS {Identifier.Quote(c.Told)}"))}) r)::text";

    private static string Measure(int index) => string.Create(CultureInfo.InvariantCulture, $"m{index}");
}
