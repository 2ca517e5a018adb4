using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>
/// Holds the keys of a definition against those of a table: which to add to a table of the service's own, and what a table that is not
/// lacks. Pure, as <see cref="TableComparison"/> is.
/// </summary>
/// <remarks>
/// A key that the table has and the definition does not ask for any more stays: others may rely on it, and a definition from which it was
/// left out by mistake would let duplicates in. The answer says that it is there, and how it goes.
/// </remarks>
internal sealed class KeyComparison
{
    private const string ViewKeepsNone =
        "A view keeps no keys: leave it out, and the table behind the view refuses what its own keys refuse.";

    private readonly DefinitionFaults _contradictions = new();

    /// <param name="references">The foreign keys of the definition.</param>
    /// <param name="table">As it is.</param>
    public KeyComparison(DatasetDefinition definition, ImmutableArray<WantedReference> references, TableShape table)
    {
        ImmutableArray<WantedKey> keys = WantedKey.Of(definition);
        ImmutableArray<WantedKey> missing = [.. keys.Where(key => !key.IsKeptBy(table))];
        ImmutableArray<WantedReference> untied = [.. references.Where(reference => !reference.IsKeptBy(table))];
        if (table.IsMadeByService)
        {
            (KeysToAdd, ReferencesToAdd) = (missing, untied);
            Leftovers = LeftoversOf(definition.Load.Table, keys, references, table);
            return;
        }

        foreach (WantedKey key in missing)
        {
            _contradictions.Add(key.Pointer, Lacks(definition.Load.Table, table, key));
        }

        foreach (WantedReference reference in untied)
        {
            _contradictions.Add(
                reference.Pointer,
                table.Relation.IsView ? ViewKeepsNone : $"The table has no foreign key on ({KeySql.Names(reference.Columns)}) to {reference.Parent}, and the service did not make it,"
                + $" so it does not alter it. {KeySql.AddReference(definition.Load.Table, reference)} makes one.");
        }
    }

    public ImmutableArray<WantedKey> KeysToAdd { get; } = [];

    public ImmutableArray<WantedReference> ReferencesToAdd { get; } = [];

    /// <summary>JSON pointer into the definition → which keys of the table it does not ask for.</summary>
    public IReadOnlyDictionary<string, string[]> Leftovers { get; } = new Dictionary<string, string[]>();

    /// <summary>JSON pointer into the definition → which key the table does not have.</summary>
    public IReadOnlyDictionary<string, string[]> Contradictions => _contradictions.ToErrors();

    /// <summary>A key that the table does not keep would be a promise without a keeper.</summary>
    /// <param name="shape">The table as it is.</param>
    public static string Lacks(TableName table, TableShape shape, WantedKey key) =>
        shape.Relation.IsView ? ViewKeepsNone
        : $"The table has no primary key or unique index on ({KeySql.Names(key.Columns)}): {KeySql.CreateIndex(table, key)} makes one.";

    private static OrderedDictionary<string, string[]> LeftoversOf(
        TableName table, ImmutableArray<WantedKey> keys, ImmutableArray<WantedReference> references, TableShape shape)
    {
        OrderedDictionary<string, string[]> told = [];
        string[] uniques =
        [
            .. shape.UniqueIndexes.Where(index => index.IsPlain && !keys.Any(key => key.IsKeptBy(index))).Select(index =>
                $"The table lets no two rows share ({KeySql.Names(index.Columns)}), which is not asked for here: records are rejected with "
                + $"\"unique\" for it. {(index.IsConstraint ? KeySql.DropConstraint(table, index.Name) : KeySql.DropIndex(table, index.Name))} ends that."),
        ];
        string[] foreigns =
        [
            .. shape.Constraints.Where(c => c.Kind == "f" && !references.Any(reference => reference.IsKeptBy(c))).Select(constraint =>
                $"The table wants ({KeySql.Names(constraint.Columns)}) to be in {constraint.ParentSchema}.{constraint.ParentName}, which is not "
                + $"asked for here: records are rejected with \"foreign_key\" for it. {KeySql.DropConstraint(table, constraint.Name)} ends that."),
        ];
        if (uniques.Length > 0)
        {
            told.Add("/schema/uniqueKeys", uniques);
        }

        if (foreigns.Length > 0)
        {
            told.Add("/schema/foreignKeys", foreigns);
        }

        return told;
    }
}
