using Dapper;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>A chunk that is committed.</summary>
public sealed record Checkpoint(
    long StartOffset, long EndOffset, long FirstRecord, long FirstLine, long Lines,
    long Read, long Loaded, long Rejected, long Filtered)
{
    public RecordCounts Counts => new(Read, Loaded, Rejected, Filtered);
}

/// <summary>What the attempts of a job before this one have left: what is committed, and what has to go.</summary>
public sealed class JobCheckpoints(Database database)
{
    private const string Read = """
        SELECT start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered
        FROM pipeline.job_chunks WHERE job_id = @id ORDER BY start_offset
        """;

    /// <summary>Removes the dead letters of records that no checkpoint covers: ranges of record numbers, each without its end.</summary>
    private const string DeleteDeadLetters = """
        DELETE FROM pipeline.dead_letters
        USING unnest(@firsts, @ends) uncovered (first_record, end_record)
        WHERE job_id = @id AND record >= first_record AND record < end_record
        """;

    public Task<IReadOnlyList<Checkpoint>> ReadAsync(Guid id, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            async (connection, token) => (IReadOnlyList<Checkpoint>)
                [.. await connection.QueryAsync<Checkpoint>(JobSql.Command(Read, new { id }, token))],
            cancellationToken);

    /// <summary>Removes what attempts have rejected and not committed.</summary>
    /// <param name="uncovered">The records that no checkpoint covers.</param>
    public Task DeleteDeadLettersAsync(
        Guid id, IReadOnlyList<RecordRange> uncovered, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.ExecuteAsync(JobSql.Command(
            DeleteDeadLetters,
            new { id, firsts = uncovered.Select(r => r.First).ToArray(), ends = uncovered.Select(r => r.End).ToArray() },
            token)),
        cancellationToken);
}
