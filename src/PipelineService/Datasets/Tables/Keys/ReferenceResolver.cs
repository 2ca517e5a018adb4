using System.Collections.Immutable;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>Finds the tables that foreign keys refer to, and whether they have such a key.</summary>
internal static class ReferenceResolver
{
    /// <param name="faults">Takes what is not there, each at its place.</param>
    public static async Task<ImmutableArray<WantedReference>> ResolveAsync(
        NpgsqlConnection connection, DatasetDefinition definition, DefinitionFaults faults, CancellationToken cancellationToken)
    {
        ImmutableArray<WantedReference>.Builder found = ImmutableArray.CreateBuilder<WantedReference>();
        for (int index = 0; index < definition.Schema.ForeignKeys.Length; index++)
        {
            ForeignKey key = definition.Schema.ForeignKeys[index];
            string pointer = PointerTo(index);
            TableName? parent = key.Resource is string resource
                ? await FindAsync(connection, resource, cancellationToken)
                : definition.Load.Table;
            if (parent is null)
            {
                faults.Add(
                    $"{pointer}/reference/resource",
                    $"There is no dataset \"{Excerpt.Of(key.Resource!)}\": declare it first, or name a table as schema.table.");
                continue;
            }

            if (IdentifierRules.IsReservedSchema(parent.Schema))
            {
                faults.Add(
                    $"{pointer}/reference/resource",
                    $"The schema \"{parent.Schema}\" belongs to the service or to PostgreSQL: no key refers to its tables.");
                continue;
            }

            var reference = new WantedReference(pointer, key.Fields, parent, key.ReferenceFields);
            found.Add(reference);
            await CheckAsync(connection, definition, reference, faults, cancellationToken);
        }

        return found.DrainToImmutable();
    }

    /// <summary>The same without the tables, which a load does not ask for.</summary>
    public static ImmutableArray<WantedReference> Unresolved(DatasetDefinition definition) =>
    [
        .. definition.Schema.ForeignKeys.Select(
            (key, index) => new WantedReference(PointerTo(index), key.Fields, Parent: null, key.ReferenceFields)),
    ];

    private static string PointerTo(int index) => JsonPointer.Append("/schema/foreignKeys", index);

    /// <summary>A dataset's table; else the table that the words name, whether it is there or not.</summary>
    public static async Task<TableName?> FindAsync(
        NpgsqlConnection connection, string resource, CancellationToken cancellationToken)
    {
        string? table = DatasetName.Like(resource) is string name
            ? await connection.ExecuteScalarAsync<string>(
                new CommandDefinition(KeySql.TableOfDataset, new { name }, cancellationToken: cancellationToken))
            : null;
        return table is not null ? TableNameText.Parse(table)
            : resource.Contains('.', StringComparison.Ordinal) ? TableNameText.Parse(resource)
            : null;
    }

    private static async Task CheckAsync(
        NpgsqlConnection connection,
        DatasetDefinition definition,
        WantedReference reference,
        DefinitionFaults faults,
        CancellationToken cancellationToken)
    {
        TableShape? shape = await TargetTable.LookAsync(connection, reference.Parent!, cancellationToken);
        bool isOwn = reference.Parent == definition.Load.Table;
        if (shape is null && !isOwn)
        {
            faults.Add($"{reference.Pointer}/reference/resource", $"There is no table {reference.Parent}.");
            return;
        }

        if (shape?.Relation.Kind is string kind and not ("r" or "p"))
        {
            faults.Add(
                $"{reference.Pointer}/reference/resource",
                $"{reference.Parent} is {TargetKind.NameOf(kind)}, and a foreign key refers to a table: name the table behind it.");
            return;
        }

        string[] columns = [.. shape?.Columns.Select(c => c.Name) ?? [], .. isOwn ? definition.Columns.Select(f => f.Name) : []];
        string[] unknown = [.. reference.ParentColumns.Except(columns)];
        foreach (string column in unknown)
        {
            faults.Add(
                $"{reference.Pointer}/reference/fields",
                $"Table {reference.Parent} has no column \"{Excerpt.Of(column)}\".{Suggestion.For(column, columns)}");
        }

        var key = new WantedKey(reference.Pointer, reference.ParentColumns);
        bool hasKey = (shape is not null && key.IsKeptBy(shape))
            || (isOwn && WantedKey.Of(definition).Any(own => own.Columns.ToHashSet(StringComparer.Ordinal).SetEquals(key.Columns)));
        if (unknown.Length == 0 && !hasKey)
        {
            faults.Add(
                $"{reference.Pointer}/reference/fields",
                $"Table {reference.Parent} has no primary key or unique index on ({KeySql.Names(key.Columns)}), by which a row could be told: "
                + (isOwn ? "declare them as \"primaryKey\" or in \"uniqueKeys\"." : $"{KeySql.CreateIndex(reference.Parent!, key)} makes one."));
        }
    }
}
