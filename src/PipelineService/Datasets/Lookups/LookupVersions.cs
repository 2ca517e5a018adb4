using System.Collections.Immutable;
using Dapper;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Values;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Lookups;

/// <summary>The versions of datasets that are looked up, as they lie in the database: read as a whole, or asked for some keys.</summary>
public sealed class LookupVersions(Database database)
{
    /// <summary>The first day of PostgreSQL's calendar.</summary>
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);

    /// <summary>The version of a dataset that is current now; null where nothing was loaded since it can be looked up.</summary>
    /// <exception cref="DatabaseUnavailableException">That cannot be told now.</exception>
    public Task<Guid?> FindCurrentAsync(string dataset, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            await connection.ExecuteScalarAsync<Guid?>(Command(LookupSql.FindCurrent, new { dataset }, token)) is { } job
            && await connection.ExecuteScalarAsync<int?>(Command(LookupSql.FindVersion, new { dataset, job }, token)) is not null
                ? job
                : (Guid?)null,
        cancellationToken);

    /// <summary>The version of the dataset's definition by which a version of its rows was loaded; null when it is not kept.</summary>
    public Task<int?> FindDefinitionAsync(string dataset, Guid job, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteScalarAsync<int?>(Command(LookupSql.FindVersion, new { dataset, job }, token)),
        cancellationToken);

    /// <summary>All rows of a version.</summary>
    /// <param name="job">The job that loaded it.</param>
    /// <param name="use">The columns that are needed.</param>
    /// <param name="bytesMax">How much memory they may take.</param>
    /// <returns>Null when they would take more.</returns>
    public Task<LookupTable?> ReadAsync(Guid job, LookupUse use, long bytesMax, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.LookupReading);
        return database.RunPatientlyAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
                await connection.ExecuteAsync(Command("SELECT set_config('statement_timeout', '0', true)", null, token));
                LookupTable rows = new(use, isWhole: true);
                await using NpgsqlRawCopyStream copy =
                    await connection.BeginRawBinaryCopyAsync(LookupSql.CopyOut(job, use), token);
                bool isWhole = await CopiedRows.ReadAsync(copy, new SentRows(rows), bytesMax, token);
                if (!isWhole)
                {
                    await copy.CancelAsync();
                    return null;
                }

                rows.Freeze();
                return rows;
            },
            cancellationToken);
    }

    /// <summary>The rows of some keys, in one query.</summary>
    /// <param name="job">The job that loaded the version.</param>
    /// <param name="use">The columns that are needed.</param>
    /// <param name="questions">The keys.</param>
    /// <returns>Those that there are.</returns>
    public Task<LookupTable> AskAsync(Guid job, LookupUse use, ChunkQuestions questions, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] keys = ArraysOf(use.Key, questions);
        return database.RunPatientlyAsync(
            async (connection, token) =>
            {
                LookupTable rows = new(use);
                SentRows into = new(rows);
                await using NpgsqlCommand command = new(LookupSql.Ask(job, use), connection);
                foreach (NpgsqlParameter parameter in keys)
                {
                    command.Parameters.Add(parameter.Clone()); // it may be run once more
                }

                await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(token);
                var sent = new ArraySegment<byte>[reader.FieldCount];
                while (await reader.ReadAsync(token))
                {
                    for (int i = 0; i < sent.Length; i++)
                    {
                        sent[i] = await reader.IsDBNullAsync(i, token)
                            ? default
                            : new ArraySegment<byte>(await reader.GetFieldValueAsync<byte[]>(i, token));
                    }

                    into.Add(sent);
                }

                return rows;
            },
            cancellationToken);
    }

    private static NpgsqlParameter[] ArraysOf(ImmutableArray<LookupColumn> key, ChunkQuestions questions)
    {
        Array[] arrays = key.Select(column => ArrayOf(column.Kind, questions.Count)).ToArray();
        int row = 0;
        foreach (ReadOnlyMemory<byte> asked in questions.Keys)
        {
            int at = row++;
            LookupKey.Read(asked.Span, key, (place, value) => arrays[place].SetValue(ValueOf(value), at));
        }

        return
        [
            .. key.Select((column, i) => new NpgsqlParameter
            {
                Value = arrays[i],
                NpgsqlDbType = NpgsqlDbType.Array | TypeOf(column.Kind),
            }),
        ];
    }

    private static Array ArrayOf(TypedKind kind, int length) => kind switch
    {
        TypedKind.Integer => new long[length],
        TypedKind.Number => new decimal[length],
        TypedKind.Float => new double[length],
        TypedKind.Boolean => new bool[length],
        TypedKind.Date => new DateOnly[length],
        TypedKind.LocalDateTime or TypedKind.DateTime => new DateTime[length],
        _ => new string[length],
    };

    private static object ValueOf(TypedValue value) => value.Kind switch
    {
        TypedKind.Integer => value.Word,
        TypedKind.Number => value.Number,
        TypedKind.Float => value.Float,
        TypedKind.Boolean => value.Word != 0,
        TypedKind.Date => DateOnly.FromDateTime(Epoch).AddDays((int)value.Word),
        TypedKind.LocalDateTime => Epoch.AddTicks(value.Word * TimeSpan.TicksPerMicrosecond),
        TypedKind.DateTime => DateTime.SpecifyKind(Epoch.AddTicks(value.Word * TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
        _ => value.Text.ToString(),
    };

    private static NpgsqlDbType TypeOf(TypedKind kind) => kind switch
    {
        TypedKind.Integer => NpgsqlDbType.Bigint,
        TypedKind.Number => NpgsqlDbType.Numeric,
        TypedKind.Float => NpgsqlDbType.Double,
        TypedKind.Boolean => NpgsqlDbType.Boolean,
        TypedKind.Date => NpgsqlDbType.Date,
        TypedKind.LocalDateTime => NpgsqlDbType.Timestamp,
        TypedKind.DateTime => NpgsqlDbType.TimestampTz,
        _ => NpgsqlDbType.Text,
    };

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);
}
