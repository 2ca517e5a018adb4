using System.Runtime.CompilerServices;
using Dapper;
using PipelineService.Hosting;

namespace PipelineService.Jobs;

/// <summary>A row of <c>pipeline.dead_letters</c>.</summary>
public sealed record DeadLetterRow
{
    public required long Record { get; init; }

    public required long Line { get; init; }

    public required long ByteOffset { get; init; }

    public required string State { get; init; }

    /// <summary>A JSON array of <see cref="DeadLetterError"/>.</summary>
    public required string Errors { get; init; }

    public required byte[] Raw { get; init; }

    public bool RawTruncated { get; init; }
}

/// <summary>Which dead letters of a job are wanted.</summary>
/// <param name="After">Only those of later records.</param>
/// <param name="Code">Only those with this error code, or null.</param>
/// <param name="Field">Only those with an error in this field, or null.</param>
public sealed record DeadLetterFilter(Guid Job, long After, string? Code, string? Field, int Limit);

/// <summary>The rejected records of jobs.</summary>
public sealed class DeadLetterStore(Database database)
{
    /// <summary>A reader that stalls has one page in memory, each record of up to <c>Transform:RawBytesMax</c> bytes.</summary>
    private const int StreamPage = 100;

    // One array member must have both, so both stand in one containment test.
    private const string List = """
        SELECT record, line, byte_offset, state, errors, raw, raw_truncated
        FROM pipeline.dead_letters
        WHERE job_id = @Job AND record > @After
          AND errors @> jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('code', @Code::text, 'field', @Field::text)))
        ORDER BY record
        LIMIT @Limit
        """;

    public Task<IReadOnlyList<DeadLetterRow>> ListAsync(DeadLetterFilter filter, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) => (IReadOnlyList<DeadLetterRow>)
                [.. await connection.QueryAsync<DeadLetterRow>(new CommandDefinition(List, filter, cancellationToken: token))],
            cancellationToken);

    /// <summary>
    /// All dead letters that a filter selects, whatever its limit. Read page by page, so that a slow reader holds no
    /// connection and the whole set is never in memory.
    /// </summary>
    public async IAsyncEnumerable<DeadLetterRow> StreamAsync(
        DeadLetterFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        filter = filter with { Limit = StreamPage };
        while (true)
        {
            IReadOnlyList<DeadLetterRow> page = await ListAsync(filter, cancellationToken);
            foreach (DeadLetterRow row in page)
            {
                yield return row;
            }

            if (page.Count < StreamPage)
            {
                yield break;
            }

            filter = filter with { After = page[^1].Record };
        }
    }
}
