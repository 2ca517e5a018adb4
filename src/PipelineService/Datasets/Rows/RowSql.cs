using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Rows;

/// <summary>The SQL that finds rows of target tables to show them.</summary>
internal static class RowSql
{
    /// <summary>Characters of a value as JSON that is shown as it is; of a longer one the beginning of its text is.</summary>
    public const int ValueMax = 1_000;

    /// <summary>For the transaction: without an index the table is read from end to end, and may be of any size.</summary>
    public const string BoundTime = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '2s'";

    /// <summary>The file of a table as it is now; null of a view and of a partitioned table.</summary>
    public const string FileOf = "SELECT pg_relation_filenode(to_regclass(@table))::bigint";

    private static string Job => Identifier.Quote(LineageColumns.Job);

    private static string Record => Identifier.Quote(LineageColumns.Record);

    /// <summary>
    /// Rows of a key, whose values are texts ($1 and on); behind these the dataset and, of a caller who sees those of one source alone, the
    /// source: a table may be that of several datasets. A job that is kept no longer is nobody's.
    /// </summary>
    public static string ByKey(
        DatasetDefinition definition, IReadOnlySet<string> hidden, ImmutableArray<FieldDefinition> key, bool isOfOneSource, int limit)
    {
        string same = string.Join(" AND ", key.Select((field, i) =>
            $"t.{Identifier.Quote(field.Name)} = CAST(${i + 1} AS text)::{field.ColumnType}"));
        string jobs = definition.Load.Lineage ? $"LEFT JOIN pipeline.jobs j ON j.id = t.{Job}" : "";
        string ours = !definition.Load.Lineage ? ""
            : isOfOneSource ? $" AND j.dataset = ${key.Length + 1} AND j.source = ${key.Length + 2}"
            : $" AND (j.id IS NULL OR j.dataset = ${key.Length + 1})";
        string known = definition.Load.Lineage ? "j.id IS NOT NULL AND j.deleted_at IS NULL" : "false";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT {known}, {Columns(definition, hidden)} FROM {definition.Load.Table.Quoted} t {jobs} WHERE {same}{ours} LIMIT {limit}");
    }

    /// <summary>The row of a record ($2) of a job ($1).</summary>
    /// <param name="blocks">Where in the file of the table it is looked for; null: everywhere.</param>
    public static string ByLineage(DatasetDefinition definition, IReadOnlySet<string> hidden, (long From, long To)? blocks)
    {
        string where = blocks is var (from, to)
            ? string.Create(CultureInfo.InvariantCulture, $" AND t.ctid >= '({from},0)'::tid AND t.ctid < '({to},0)'::tid")
            : "";
        return $"SELECT true, {Columns(definition, hidden)} FROM {definition.Load.Table.Quoted} t"
            + $" WHERE t.{Job} = $1 AND t.{Record} = $2{where} LIMIT 1";
    }

    /// <summary>The lineage, then for each column of the dataset whether it is cut, and its value as JSON.</summary>
    private static string Columns(DatasetDefinition definition, IReadOnlySet<string> hidden)
    {
        string lineage = definition.Load.Lineage ? $"t.{Job}::uuid, t.{Record}::bigint" : "NULL::uuid, NULL::bigint";
        return string.Join(", ", definition.Columns.Select(field => Value(field, hidden)).Prepend(lineage));
    }

    private static string Value(FieldDefinition field, IReadOnlySet<string> hidden)
    {
        string name = $"t.{Identifier.Quote(field.Name)}";
        if (hidden.Contains(field.Name))
        {
            return $"false, CASE WHEN {name} IS NOT NULL THEN '\"[hidden]\"' END";
        }

        string isLong = string.Create(CultureInfo.InvariantCulture, $"length(to_json({name})::text) > {ValueMax}");
        return $"coalesce({isLong}, false), "
            + $"CASE WHEN {isLong} THEN to_json(left({name}::text, 250) || '…') ELSE to_json({name}) END::text";
    }
}
