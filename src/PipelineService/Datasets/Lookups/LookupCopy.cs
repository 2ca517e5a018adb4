using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms.Expressions.Typing;

namespace PipelineService.Datasets.Lookups;

/// <summary>
/// A version of a dataset that others look up: its rows as they were when their job ended, in a table of their own that nobody changes. So
/// a job that runs for hours sees one version, whatever is loaded or done by hand meanwhile.
/// </summary>
internal static class LookupCopy
{
    /// <summary>Copies the rows that are there, in the transaction that has loaded them.</summary>
    public static async Task MakeAsync(
        NpgsqlConnection connection, DatasetDefinition definition, LookupPolicy lookup, RowsOwner owner,
        CancellationToken cancellationToken)
    {
        // One of a job of before that was restored may be there.
        await ExecuteAsync(LookupSql.Drop(owner.Job));
        await ExecuteAsync(LookupSql.Copy(definition.Load.Table, owner.Job));
        await ExecuteAsync(LookupSql.CreateIndex(owner.Job, ColumnsOf(definition, lookup.Key)));
        await ExecuteAsync(LookupSql.Analyze(owner.Job));
        long rows = await connection.ExecuteScalarAsync<long>(Command($"SELECT count(*) FROM {LookupSql.TableOf(owner.Job)}", null));
        await connection.ExecuteAsync(Command(LookupSql.InsertVersion, new { owner.Dataset, owner.Job, owner.Version, rows }));

        Task<int> ExecuteAsync(string sql) => connection.ExecuteAsync(Command(sql, null));

        CommandDefinition Command(string sql, object? values) =>
            new(sql, values, commandTimeout: 0, cancellationToken: cancellationToken);
    }

    /// <summary>Columns by their names, as the op looks at them.</summary>
    private static IEnumerable<LookupColumn> ColumnsOf(DatasetDefinition definition, IEnumerable<string> names)
    {
        FieldDefinition[] columns = [.. definition.Columns];
        return names.Select(name => new LookupColumn(
            name, FieldKinds.Of(columns.First(column => column.Name == name)) ?? throw new InvalidOperationException($"{name} "
                + "is no key.")));
    }
}
