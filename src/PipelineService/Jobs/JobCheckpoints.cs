using Dapper;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs;

/// <summary>A chunk that is committed.</summary>
public sealed record Checkpoint(
    long StartOffset, long EndOffset, long FirstRecord, long FirstLine, long Lines,
    long Read, long Loaded, long Rejected, long Filtered)
{
    public RecordCounts Counts => new(Read, Loaded, Rejected, Filtered);
}

/// <summary>What the attempts of a job before this one have committed.</summary>
/// <param name="Checkpoints">Ordered by offset.</param>
/// <param name="Rejects">By code and field.</param>
/// <param name="Ops">What the dataset's transforms did.</param>
public sealed record Covered(
    IReadOnlyList<Checkpoint> Checkpoints, IReadOnlyList<RejectCount> Rejects, IReadOnlyList<OpCount> Ops)
{
    public static Covered Nothing { get; } = new([], [], []);
}

/// <summary>What the attempts of a job before this one have left: what is committed, and what has to go.</summary>
public sealed class JobCheckpoints(Database database)
{
    private const string Read = """
        SELECT start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered
        FROM pipeline.job_chunks WHERE job_id = @id ORDER BY start_offset
        """;

    private static readonly string SumOps = $"SELECT {OpSql.Sum("@id")}::text";

    /// <summary>
    /// Removes the dead letters of records that no checkpoint covers (ranges of record numbers, each without its end) and their
    /// counts; what is left of those is the answer.
    /// </summary>
    private const string ForgetUncovered = """
        DELETE FROM pipeline.dead_letters
        USING unnest(@firsts, @ends) uncovered (first_record, end_record)
        WHERE job_id = @id AND record >= first_record AND record < end_record;
        DELETE FROM pipeline.job_rejects r
        WHERE job_id = @id
          AND NOT EXISTS (SELECT FROM pipeline.job_chunks c WHERE c.job_id = r.job_id AND c.start_offset = r.start_offset);
        SELECT code, field, sum(records)::bigint AS records FROM pipeline.job_rejects WHERE job_id = @id GROUP BY code, field
        """;

    /// <summary>What the rows are like that are committed, session by session.</summary>
    public Task<IReadOnlyList<byte[]>> ProfilesAsync(Guid id, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) => (IReadOnlyList<byte[]>)
            [.. await connection.QueryAsync<byte[]>(JobSql.Command(QualitySql.Parts, new { id }, token))],
        cancellationToken);

    /// <summary>Reads what is committed, and removes what was rejected and not committed: it may be loaded now.</summary>
    public async Task<Covered> TakeUpAsync(Guid id, CancellationToken cancellationToken)
    {
        (IReadOnlyList<Checkpoint> checkpoints, string? ops) = await database.RunPatientlyAsync(
            async (connection, token) =>
            {
                IReadOnlyList<Checkpoint> read = [.. await connection.QueryAsync<Checkpoint>(JobSql.Command(Read, new { id }, token))];
                return (read, await connection.ExecuteScalarAsync<string?>(JobSql.Command(SumOps, new { id }, token)));
            },
            cancellationToken);
        IReadOnlyList<RecordRange> uncovered = CheckpointMap.UncoveredRecords(checkpoints);
        var values = new { id, firsts = uncovered.Select(r => r.First).ToArray(), ends = uncovered.Select(r => r.End).ToArray() };
        IReadOnlyList<RejectCount> rejects = await database.RunPatientlyAsync(
            async (connection, token) => (IReadOnlyList<RejectCount>)
            [
                .. from reject in await connection.QueryAsync<(string Code, string? Field, long Records)>(
                    JobSql.Command(ForgetUncovered, values, token))
                   select new RejectCount(reject.Code, reject.Field, reject.Records),
            ],
            cancellationToken);
        return new Covered(checkpoints, rejects, OpCounts.FromJson(ops));
    }
}
