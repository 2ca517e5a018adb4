using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Rows;

/// <summary>A row as it is stored now.</summary>
/// <param name="Job">The job that loaded it; null where the row does not say.</param>
/// <param name="Record">1-based number of its record in the upload of the job.</param>
/// <param name="HasJob">Whether that job is kept still.</param>
/// <param name="Values">By the names of the dataset's columns.</param>
/// <param name="Cut">The columns of which only the beginning is shown.</param>
public sealed record StoredRow(Guid? Job, long? Record, bool HasJob, JsonObject Values, IReadOnlySet<string> Cut);

/// <summary>Why rows cannot be shown.</summary>
public enum RowFault
{
    None,

    /// <summary>There is no such table, it lacks a column, or the service may not read it.</summary>
    NotReadable,

    /// <summary>Without an index the table is too large to be read for an answer.</summary>
    TooSlow,

    /// <summary>The key is no value of its columns.</summary>
    NoKey,
}

/// <summary>Rows that were found, or why there are none.</summary>
/// <param name="Sentence">What PostgreSQL says of it.</param>
public sealed record FoundRows(IReadOnlyList<StoredRow> Rows, RowFault Fault = RowFault.None, string? Sentence = null);

/// <summary>Finds rows of target tables, to show them.</summary>
public sealed class StoredRows(Database database)
{
    /// <summary>Rows of a key.</summary>
    /// <param name="hidden">Columns whose values are not shown.</param>
    /// <param name="key">The key's fields.</param>
    /// <param name="values">Their values, as PostgreSQL reads them.</param>
    /// <param name="source">The only source whose rows are found; null: any.</param>
    public Task<FoundRows> FindByKeyAsync(
        string dataset, DatasetDefinition definition, IReadOnlySet<string> hidden, ImmutableArray<FieldDefinition> key,
        IReadOnlyList<string> values, string? source, int limit, CancellationToken cancellationToken)
    {
        List<object> parameters = [.. values];
        if (definition.Load.Lineage)
        {
            parameters.Add(dataset);
            parameters.AddRange(source is null ? [] : [source]);
        }

        string sql = RowSql.ByKey(definition, hidden, key, source is not null, limit);
        return ReadAsync(definition, parameters, (_, _) => Task.FromResult<IEnumerable<string>>([sql]), cancellationToken);
    }

    /// <summary>
    /// The row of a record, found by its lineage: no index has it, so that it is looked for first where it most likely is.
    /// </summary>
    /// <param name="places">Given the file of the table, where in it to look: from block to block, null for everywhere.</param>
    public Task<FoundRows> FindByLineageAsync(
        DatasetDefinition definition, IReadOnlySet<string> hidden, Guid job, long record,
        Func<long?, IEnumerable<(long From, long To)?>> places, CancellationToken cancellationToken) => ReadAsync(
            definition,
            [job, record],
            async (connection, token) =>
            {
                long? file = await connection.ExecuteScalarAsync<long?>(
                    new CommandDefinition(RowSql.FileOf, new { table = definition.Load.Table.Quoted }, cancellationToken: token));
                return places(file).Select(blocks => RowSql.ByLineage(definition, hidden, blocks));
            },
            cancellationToken);

    /// <summary>Runs statements until one finds something.</summary>
    private Task<FoundRows> ReadAsync(
        DatasetDefinition definition, IReadOnlyList<object> values,
        Func<NpgsqlConnection, CancellationToken, Task<IEnumerable<string>>> statements, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                try
                {
                    await connection.ExecuteAsync(new CommandDefinition(RowSql.BoundTime, cancellationToken: token));
                    foreach (string sql in await statements(connection, token))
                    {
                        List<StoredRow> rows = await ReadAsync(connection, sql, values, definition, token);
                        if (rows.Count > 0)
                        {
                            return new FoundRows(rows);
                        }
                    }

                    return new FoundRows([]);
                }
                catch (PostgresException e) when (FaultOf(e) is var fault and not RowFault.None)
                {
                    return new FoundRows([], fault, e.MessageText);
                }
            },
            cancellationToken);

    private static async Task<List<StoredRow>> ReadAsync(
        NpgsqlConnection connection, string sql, IReadOnlyList<object> values, DatasetDefinition definition,
        CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        string[] names = [.. definition.Columns.Select(field => field.Name)];
        List<StoredRow> rows = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(RowOf(reader, names));
        }

        return rows;
    }

    private static StoredRow RowOf(NpgsqlDataReader reader, string[] names)
    {
        JsonObject row = [];
        HashSet<string> cut = new(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            int place = 3 + (2 * i);
            row[names[i]] = reader.IsDBNull(place + 1) ? null : JsonNode.Parse(reader.GetString(place + 1));
            if (reader.GetBoolean(place))
            {
                cut.Add(names[i]);
            }
        }

        Guid? job = reader.IsDBNull(1) ? null : reader.GetGuid(1);
        return new StoredRow(job, reader.IsDBNull(2) ? null : reader.GetInt64(2), reader.GetBoolean(0), row, cut);
    }

    private static RowFault FaultOf(PostgresException error) => error.SqlState switch
    {
        PostgresErrorCodes.QueryCanceled => RowFault.TooSlow,
        PostgresErrorCodes.InsufficientPrivilege => RowFault.NotReadable,
        _ when error.SqlState.StartsWith("22", StringComparison.Ordinal) => RowFault.NoKey,
        _ when SqlFaults.Of(error) is SqlFault.Row or SqlFault.Statement => RowFault.NotReadable,
        _ => RowFault.None,
    };
}
