namespace PipelineService.Datasets.Tables;

/// <summary>Which kinds of relations take rows: tables, partitioned or not, and views that PostgreSQL inserts into.</summary>
internal static class TargetKind
{
    /// <summary>postgres_fdw, for one, commits there before the transaction here is committed, and cannot take it back.</summary>
    private const string AnotherServer =
        "its rows are not committed in the transaction that says what was loaded, so a failure could lose or double them.";

    /// <returns>Why this one takes none, and what to do about it; null when it does.</returns>
    public static string? FaultOf(RelationShape relation) => relation switch
    {
        { ForeignPartition: string partition } =>
            $"Has a partition \"{partition}\" that is a foreign table: {AnotherServer} DETACH it, or load into a table without it.",
        { Kind: "r" or "p" } => null,
        { Kind: "v", HasRules: true } =>
            "Is a view with a rule for INSERT, after which PostgreSQL does not say how many rows landed: use an INSTEAD OF INSERT"
            + " trigger in place of the rule, or name the table behind the view.",
        { Kind: "v", TakesInserts: false } =>
            "Is a view into which PostgreSQL cannot insert: name the table behind it, or give the view an INSTEAD OF INSERT trigger"
            + " for each row.",
        { Kind: "v" } => null,
        { Kind: "f" } => $"Is a foreign table: {AnotherServer} Load into a table of this database, and copy from there.",
        { Kind: "m" } => "Is a materialized view, which takes rows from its query only: name the table behind it.",
        _ => $"Is {NameOf(relation.Kind)}: rows go into tables and views.",
    };

    /// <param name="kind">pg_class.relkind of what is no table.</param>
    public static string NameOf(string kind) => kind switch
    {
        "v" => "a view",
        "m" => "a materialized view",
        "f" => "a foreign table",
        "S" => "a sequence",
        "c" => "a composite type",
        _ => "an index",
    };
}
