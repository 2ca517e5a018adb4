using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Gaps;

/// <summary>A row of <c>pipeline.enrichment_gaps</c>.</summary>
public sealed record GapRow
{
    public required long Record { get; init; }

    public required short Op { get; init; }

    public required string Reason { get; init; }

    public required string State { get; init; }

    public DateTime? TriedAt { get; init; }
}

/// <summary>What rows of jobs lack because a service gave no answer: read, and asked to be filled.</summary>
public sealed class GapStore(Database database, TimeProvider time)
{
    /// <summary>A page, and one more where there are more.</summary>
    /// <param name="after">Only those behind this record and op.</param>
    /// <param name="state">Only those in this state; null: all.</param>
    public Task<IReadOnlyList<GapRow>> ListAsync(
        Guid job, (long Record, short Op) after, string? state, int limit, CancellationToken cancellationToken) => database.RunAsync(
            async (connection, token) => (IReadOnlyList<GapRow>)[
                .. await connection.QueryAsync<GapRow>(new CommandDefinition(
                    GapSql.List, new { job, after.Record, after.Op, state, limit = limit + 1 }, cancellationToken: token)),
            ],
            cancellationToken);

    /// <summary>Asks for all that are open to be filled.</summary>
    /// <returns>How many are to be filled now.</returns>
    public Task<long> RequestAsync(JobRow job, AuditActor actor, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            await connection.ExecuteAsync(Command(GapSql.Request));
            long gaps = await connection.ExecuteScalarAsync<long>(Command(GapSql.CountOpen));
            if (gaps > 0)
            {
                var entry = AuditEntry.Of(
                    actor, AuditActions.GapsFill, time.GetDatabaseNow(), $"job/{job.Id}", job.Dataset, ("gaps", gaps));
                await AuditWriter.WriteAsync(connection, [entry], token);
            }

            await transaction.CommitAsync(token);
            return gaps;

            CommandDefinition Command(string sql) => new(sql, new { job = job.Id }, transaction, cancellationToken: token);
        },
        cancellationToken);
}
