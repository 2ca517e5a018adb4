using System.Collections.Concurrent;
using System.Reflection;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Access.Audit;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs;

/// <summary>
/// Registers jobs of uploads that have just arrived. Those that come while others are being registered go together in the next
/// transaction: they share its round trip and its flush.
/// </summary>
public sealed class JobRegistrar
{
    private const int TogetherMax = 64;

    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Properties = new();

    private readonly Database _database;
    private readonly JobStore _store;
    private readonly SharedCalls<bool, Registration, Task<bool>> _shared;

    public JobRegistrar(Database database, JobStore store)
    {
        (_database, _store) = (database, store);
        _shared = new((_, jobs) => RegisterAsync(jobs), TogetherMax);
    }

    /// <summary>Registers a job or completes its row, as <see cref="JobStore.RegisterAsync"/> does.</summary>
    /// <param name="entry">That the upload was taken, for the audit: written with the row or not at all.</param>
    /// <returns>False when another owner or attempt has the job.</returns>
    public async Task<bool> RegisterAsync(JobRow row, AuditEntry entry) => row is { IdempotencyKey: null, Replaces: null, Taken: null }
        ? await await _shared.AddAsync(true, new Registration(row, entry))
        : await _store.RegisterAsync(row, entry, CancellationToken.None); // what it meets is told to nobody else

    private async Task<IReadOnlyList<Task<bool>>> RegisterAsync(IReadOnlyList<Registration> jobs)
    {
        try
        {
            bool[] areAsGiven = await _database.RunAsync(
                (connection, token) => WriteRowsAsync(connection, jobs, token), CancellationToken.None);
            return [.. areAsGiven.Select(Task.FromResult)];
        }
        catch (PostgresException) when (jobs.Count > 1)
        {
            return await RegisterOneByOneAsync(jobs); // it is one of them
        }
    }

    /// <summary>One after the other: a connection for each would be all there are.</summary>
    private async Task<IReadOnlyList<Task<bool>>> RegisterOneByOneAsync(IReadOnlyList<Registration> jobs)
    {
        List<Task<bool>> results = [];
        foreach ((JobRow row, AuditEntry entry) in jobs)
        {
            results.Add(_store.RegisterAsync(row, entry, CancellationToken.None));
            await Task.WhenAny(results[^1]);
        }

        return results;
    }

    private static async Task<bool[]> WriteRowsAsync(
        NpgsqlConnection connection, IReadOnlyList<Registration> jobs, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection);
        foreach ((JobRow row, _) in jobs)
        {
            FaultPoints.Reach(FaultPoint.JobRegistering);
            batch.BatchCommands.Add(Command(JobSql.Register, row));
            batch.BatchCommands.Add(Command(JobSql.IsAsGiven, row));
        }

        batch.BatchCommands.Add(AuditSql.InsertOf([.. jobs.Select(job => job.Entry)])); // one statement for all of them

        List<bool> areAsGiven = [];
        await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            do
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    areAsGiven.Add(reader.GetBoolean(0));
                }
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        FaultPoints.Reach(FaultPoint.JobRegistered);
        return [.. areAsGiven];
    }

    private static NpgsqlBatchCommand Command(string sql, JobRow row)
    {
        object values = JobStore.RegisterValues(row);
        NpgsqlBatchCommand command = new(sql);
        foreach (PropertyInfo property in Properties.GetOrAdd(values.GetType(), static type => type.GetProperties()))
        {
            command.Parameters.Add(new NpgsqlParameter(property.Name, TypeOf(property.PropertyType))
            {
                Value = property.GetValue(values) ?? DBNull.Value,
            });
        }

        return command;
    }

    /// <summary>Told of what is NULL too: a statement whose parameters change their types is another statement.</summary>
    private static NpgsqlDbType TypeOf(Type property) => (Nullable.GetUnderlyingType(property) ?? property) switch
    {
        var type when type == typeof(bool) => NpgsqlDbType.Boolean,
        var type when type == typeof(int) => NpgsqlDbType.Integer,
        var type when type == typeof(long) => NpgsqlDbType.Bigint,
        var type when type == typeof(string) => NpgsqlDbType.Text,
        var type when type == typeof(byte[]) => NpgsqlDbType.Bytea,
        var type when type == typeof(Guid) => NpgsqlDbType.Uuid,
        var type when type == typeof(DateTime) => NpgsqlDbType.TimestampTz,
        var type when type == typeof(TimeSpan) => NpgsqlDbType.Interval,
        var type => throw new NotSupportedException($"No column of jobs is a {type}."),
    };

    private sealed record Registration(JobRow Row, AuditEntry Entry);
}
