using Dapper;
using Npgsql;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Tables.Keys;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets;

/// <summary>
/// Which tables a caller with limits may name in a definition: those of datasets that they see, and new ones, whose names are among
/// those that their datasets can have: of any other it is not told whether there is one. Tables are what datasets of others load into and
/// read from, and one definition more would open them: to its uploads, to what a refusal tells of their columns, to a key that says
/// whether a value is there.
/// </summary>
internal static class TableRights
{
    /// <summary>Inside the transaction that declares the dataset, before anything is looked up in the tables.</summary>
    /// <returns>Null when all tables that it names are the caller's to use.</returns>
    public static async Task<Problem?> FaultOfAsync(
        NpgsqlConnection connection, Caller caller, DatasetDefinition definition, CancellationToken cancellationToken)
    {
        if (!caller.IsLimited)
        {
            return null;
        }

        // Held to the end: nobody else makes the table, or declares a dataset that loads into it, meanwhile.
        TableName table = definition.Load.Table;
        await connection.ExecuteAsync(
            new CommandDefinition(TableSql.Lock, new { table = table.Quoted }, cancellationToken: cancellationToken));
        if (!await IsAllowedAsync(connection, caller, table, mayBeNew: true, cancellationToken))
        {
            return DatasetProblems.TableNotAllowed(table.ToString());
        }

        DefinitionFaults faults = new();
        for (int index = 0; index < definition.Schema.ForeignKeys.Length; index++)
        {
            // The same whether there is no such table or it is another's.
            if (definition.Schema.ForeignKeys[index].Resource is { } resource
                && (await ReferenceResolver.FindAsync(connection, resource, cancellationToken) is not { } parent
                    || !await IsAllowedAsync(connection, caller, parent, mayBeNew: false, cancellationToken)))
            {
                faults.Add(
                    $"{JsonPointer.Append("/schema/foreignKeys", index)}/reference/resource",
                    $"There is no dataset \"{Excerpt.Of(resource)}\", and no table of one, that these credentials may refer to.");
            }
        }

        return faults.Any ? DatasetProblems.InvalidDefinition(faults.ToErrors()) : null;
    }

    private static async Task<bool> IsAllowedAsync(
        NpgsqlConnection connection, Caller caller, TableName table, bool mayBeNew, CancellationToken cancellationToken)
    {
        List<TableOwner> owners =
        [
            .. await connection.QueryAsync<TableOwner>(new CommandDefinition(
                DatasetSql.OwnersOfTable, new { table = TableNameText.Format(table) }, cancellationToken: cancellationToken)),
        ];
        return owners.Count > 0 ? owners.TrueForAll(owner => caller.Sees(owner.Name, owner.Tenant))
            : mayBeNew && caller.Datasets.Match(table.Name) && !await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
                DatasetSql.TableExists, new { table = table.Quoted }, cancellationToken: cancellationToken));
    }
}
