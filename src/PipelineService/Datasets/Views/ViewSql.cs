using System.Globalization;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Views;

/// <summary>The SQL of the parts of a view, and of what is put together from them.</summary>
/// <remarks>
/// A part is what some rows add to a group: those of a transaction of a job, under its id; those of all jobs that were put together, under
/// none and without a time; those whose job nobody can tell, under none with a time. It holds what can be added up, least and greatest among
/// it, because the parts of a job go with its rows as they came. A part of no rows tells that a group has changed.
/// </remarks>
internal sealed class ViewSql(KeptView view)
{
    /// <summary>
    /// From there steps of times are counted: the first moment that PostgreSQL knows, a Monday. Before an origin date_bin of some versions
    /// is wrong.
    /// </summary>
    private const string Origin = "4714-11-24 00:00:00+00 BC";

    private const string Job = "job_id", Rows = "rows", At = "at", Xid = "xid";

    private readonly ViewDefinition _view = view.View;

    /// <summary>Parts that were put together: none else has neither a job nor a time.</summary>
    private const string IsBase = $"p.{Job} IS NULL AND p.{At} IS NULL";

    public string Parts { get; } = string.Create(CultureInfo.InvariantCulture, $"pipeline.view_{view.Id}_parts");

    public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"pipeline.view_{view.Id}");

    /// <summary>The columns of parts as they are written by a job.</summary>
    public string PartColumns => $"{Job}, {List(KeyNames)}, {List(ValueNames)}";

    public string Copy => $"COPY {Parts} ({PartColumns}) FROM STDIN (FORMAT binary)";

    /// <summary>
    /// Makes it of the rows that are there. Those of jobs that go on get parts of their own, so that the rows of a job are never partly
    /// in what was put together.
    /// </summary>
    /// <param name="hasLineage">Whether rows tell their job.</param>
    public string Create(bool hasLineage) => $"""
        CREATE TABLE {Parts} AS {Built(hasLineage)};
        ALTER TABLE {Parts} ALTER COLUMN {Rows} SET NOT NULL, ADD COLUMN {At} timestamptz, ADD COLUMN {Xid} xid8;
        ALTER TABLE {Parts} ALTER COLUMN {Xid} SET DEFAULT pg_current_xact_id(), ALTER COLUMN {At} SET DEFAULT clock_timestamp();
        CREATE INDEX ON {Parts} ({Job}) WHERE {Job} IS NOT NULL;
        CREATE INDEX ON {Parts} ({Xid}) WHERE {Xid} IS NOT NULL;
        CREATE VIEW {Name} AS SELECT {Told} FROM {Parts} p GROUP BY {List(KeyNames)} HAVING sum({Rows}) > 0;
        """;

    /// <summary>The same into the parts that there are, of which there must be none.</summary>
    public string Fill(bool hasLineage) =>
        $"INSERT INTO {Parts} ({PartColumns}, {At}, {Xid}) SELECT b.*, NULL, NULL FROM ({Built(hasLineage)}) b";

    public string Drop => $"DROP VIEW IF EXISTS {Name}; DROP TABLE IF EXISTS {Parts}";

    public string Clear => $"DELETE FROM {Parts}";

    /// <summary>How many groups have parts that were put together.</summary>
    public string CountGroups => $"SELECT count(*) FROM (SELECT FROM {Parts} p GROUP BY {List(KeyNames)}) g";

    /// <summary>Removes the parts of a job (@job), having told which groups that changes; answers of how many rows they were.</summary>
    public string RemoveJob => $"""
        INSERT INTO {Parts} ({List(KeyNames)}, {Rows})
        SELECT DISTINCT {List(KeyNames)}, 0 FROM {Parts} WHERE {Job} = @job;
        WITH gone AS (DELETE FROM {Parts} WHERE {Job} = @job RETURNING {Rows}) SELECT coalesce(sum({Rows}), 0)::bigint FROM gone
        """;

    /// <summary>
    /// Makes what was put together anew, of the rows of jobs that have no parts. Whoever adds rows meanwhile adds their parts with them: a
    /// statement sees both or neither.
    /// </summary>
    public string Rebase => $"""
        DELETE FROM {Parts} p WHERE p.{Job} IS NULL;
        INSERT INTO {Parts} ({PartColumns}, {At}, {Xid})
        SELECT NULL, {Keys}, {Values}, NULL, NULL FROM {view.Table.Quoted} t
        WHERE NOT EXISTS (SELECT FROM {Parts} p WHERE p.{Job} = t.{Identifier.Quote(LineageColumns.Job)})
        GROUP BY {Places(1)}
        """;

    /// <summary>How many parts were put together, and how many may be: of jobs that ended before a time (@before).</summary>
    public string CountOld =>
        $"SELECT count(*) FILTER (WHERE {IsBase}) AS whole, count(*) FILTER (WHERE {IsOld}) AS old FROM {Parts} p";

    /// <summary>Puts parts together.</summary>
    public string Fold => $"""
        WITH taken AS (DELETE FROM {Parts} p WHERE {IsBase} OR {IsOld} RETURNING *)
        INSERT INTO {Parts} ({PartColumns}, {At}, {Xid})
        SELECT NULL, {List(KeyNames)}, {string.Join(", ", Sums)}, NULL, NULL FROM taken GROUP BY {List(KeyNames)} HAVING sum({Rows}) <> 0
        """;

    /// <summary>What is told of a group, by name.</summary>
    public string Told => string.Join(
        ", ",
        [
            .. _view.Keys.Select((key, i) => $"k{i} AS {Identifier.Quote(key.Field)}"),
            .. _view.Measures.Select(measure => $"{Figure(measure)} AS {Identifier.Quote(measure.Name)}"),
        ]);

    /// <summary>The names of the keys in the parts.</summary>
    public IReadOnlyList<string> KeyNames => [.. _view.Keys.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"k{i}"))];

    /// <summary>Parts of jobs that ended long ago or are kept no longer, and what has told of a change long enough.</summary>
    private const string IsOld = $"""
        (p.{Job} IS NULL AND p.{At} < @before)
        OR (p.{Job} IS NOT NULL AND NOT EXISTS (
            SELECT FROM pipeline.jobs j WHERE j.id = p.{Job} AND (j.finished_at IS NULL OR j.finished_at > @before)))
        """;

    private IEnumerable<string> ValueNames => [Rows, .. Each(static (name, _, _) => name)];

    private IEnumerable<string> Sums => [$"sum({Rows})", .. Each(static (name, merge, _) => $"{merge}({name})")];

    private string Values => string.Join(", ", (string[])["count(*)", .. Each(static (_, _, made) => made)]);

    /// <summary>What is kept: its name, how parts of it are put together, and how it is made of rows.</summary>
    private IEnumerable<string> Each(Func<string, string, string, string> tell)
    {
        foreach ((int i, ViewPart part) in _view.Parts.Index())
        {
            string field = $"t.{Identifier.Quote(part.Field)}";
            if (part.Counts)
            {
                yield return tell(Of(i, "count"), "sum", $"count({field})");
            }

            if (part.Sums)
            {
                yield return tell(Of(i, "sum"), "sum", $"sum({field}::numeric)");
            }

            if (part.HasLeast)
            {
                yield return tell(Of(i, "min"), "min", $"min({field})");
            }

            if (part.HasGreatest)
            {
                yield return tell(Of(i, "max"), "max", $"max({field})");
            }
        }
    }

    private static string Of(int part, string what) => string.Create(CultureInfo.InvariantCulture, $"f{part}_{what}");

    /// <summary>A measure of a group of parts.</summary>
    public string Figure(ViewMeasure measure)
    {
        int part = _view.Parts.IndexOf(_view.Parts.FirstOrDefault(p => p.Field == measure.Field)!);
        return measure.Figure switch
        {
            ViewFigure.Count => $"sum({(measure.Field is null ? Rows : Of(part, "count"))})::bigint",
            ViewFigure.Sum => $"sum({Of(part, "sum")})",
            ViewFigure.Min => $"min({Of(part, "min")})",
            ViewFigure.Max => $"max({Of(part, "max")})",
            _ => $"sum({Of(part, "sum")}) / nullif(sum({Of(part, "count")}), 0)",
        };
    }

    private string Built(bool hasLineage)
    {
        string jobs = hasLineage
            ? $"LEFT JOIN (SELECT id FROM pipeline.jobs WHERE finished_at IS NULL) u ON u.id = t.{Identifier.Quote(LineageColumns.Job)}"
            : "";
        IEnumerable<string> names = KeyNames.Concat(ValueNames);
        IEnumerable<string> values = _view.Keys.Select(KeyOf).Append("count(*)").Concat(Each(static (_, _, made) => made));
        string columns = string.Join(", ", values.Zip(names, (value, name) => $"{value} AS {name}"));
        return $"""
            SELECT {(hasLineage ? "u.id" : "NULL::uuid")} AS {Job}, {columns}
            FROM {view.Table.Quoted} t {jobs} GROUP BY {Places(hasLineage ? 0 : 1)}
            """;
    }

    private string Keys => string.Join(", ", _view.Keys.Select(KeyOf));

    private string KeyOf(ViewKey key)
    {
        string field = $"t.{Identifier.Quote(key.Field)}";
        if (key.Every is not { } every)
        {
            return field;
        }

        string step = string.Create(CultureInfo.InvariantCulture, $"interval '{(long)every.TotalSeconds} seconds'");
        return view.Types[key.Field] switch
        {
            "date" => string.Create(
                CultureInfo.InvariantCulture,
                $"CASE WHEN isfinite({field}) THEN {field} - ({field} - date '{Origin[..10]} BC') % {every.Days} ELSE {field} END"),
            "timestamp without time zone" => $"date_bin({step}, {field}, timestamp '{Origin[..10]} BC')",
            _ => $"date_bin({step}, {field}, timestamptz '{Origin}')",
        };
    }

    /// <summary>The places of the job, which is not always looked at, and of the keys among what is selected.</summary>
    private string Places(int from) => string.Join(", ", Enumerable.Range(from + 1, _view.Keys.Length + 1 - from));

    private static string List(IEnumerable<string> names) => string.Join(", ", names);
}
