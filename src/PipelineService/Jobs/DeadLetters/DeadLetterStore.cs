using System.Runtime.CompilerServices;
using Dapper;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.DeadLetters;

/// <summary>A row of <c>pipeline.dead_letters</c>.</summary>
public sealed record DeadLetterRow
{
    public required long Record { get; init; }

    public required long Line { get; init; }

    public required long ByteOffset { get; init; }

    /// <summary>1-based number of the record among the items of its document; null where it is a document by itself.</summary>
    public long? Item { get; init; }

    public required string State { get; init; }

    /// <summary>A JSON array of <see cref="DeadLetterError"/>.</summary>
    public required string Errors { get; init; }

    public required byte[] Raw { get; init; }

    public bool RawTruncated { get; init; }

    /// <summary>How many dead letters were found for the page: one more than asked for when more follow.</summary>
    public long Found { get; init; }
}

/// <summary>Which dead letters of a job are wanted.</summary>
/// <param name="After">Only those of later records.</param>
/// <param name="Code">Only those with this error code, or null.</param>
/// <param name="Field">Only those with an error in this field, or null.</param>
public sealed record DeadLetterFilter(Guid Job, long After, string? Code, string? Field);

/// <summary>Dead letters in the order of the data.</summary>
/// <param name="HasMore">Whether more follow.</param>
public sealed record DeadLetterRows(IReadOnlyList<DeadLetterRow> Rows, bool HasMore);

/// <summary>
/// The rejected records of jobs. They may be as long as records are, so whatever is read at once is bounded in bytes, of
/// which one record alone may take more.
/// </summary>
public sealed class DeadLetterStore(Database database)
{
    /// <summary>Bytes of a record that a page shows; the streams have all of it.</summary>
    public const int PageRawBytesMax = 16 << 10;

    private const int PageBytesMax = 4 << 20;

    /// <summary>A reader that stalls holds this much.</summary>
    private const int StreamBytes = 1 << 20;
    private const int StreamRecords = 1_000;

    /// <summary>PostgreSQL's bytea is no longer.</summary>
    private const int WholeRaw = 1 << 30;

    // One array member must have both code and field, so both stand in one containment test. The length of a stored raw is
    // known without reading it.
    private const string List = """
        SELECT record, line, byte_offset, item, state, errors, substring(raw FROM 1 FOR @RawBytes) AS raw,
               raw_truncated OR octet_length(raw) > @RawBytes AS raw_truncated, found
        FROM (SELECT *, count(*) OVER () AS found, row_number() OVER (ORDER BY record) AS place,
                     sum(least(octet_length(raw), @RawBytes) + octet_length(errors::text)) OVER (ORDER BY record) AS bytes
              FROM (SELECT record, line, byte_offset, item, state, errors, raw, raw_truncated
                    FROM pipeline.dead_letters
                    WHERE job_id = @Job AND record > @After AND errors @> jsonb_build_array(
                        jsonb_strip_nulls(jsonb_build_object('code', @Code::text, 'field', @Field::text)))
                    ORDER BY record
                    LIMIT @Records + 1) next) page
        WHERE place <= @Records AND (place = 1 OR bytes <= @Bytes)
        ORDER BY record
        """;

    /// <summary>The first dead letters that a filter selects: fewer than asked for when they are large.</summary>
    public Task<DeadLetterRows> ListAsync(DeadLetterFilter filter, int records, CancellationToken cancellationToken) =>
        ReadAsync(filter, records, PageBytesMax, PageRawBytesMax, cancellationToken);

    /// <summary>
    /// All dead letters that a filter selects, each whole. Read page by page, so that a slow reader holds no connection and
    /// the whole set is never in memory.
    /// </summary>
    public async IAsyncEnumerable<DeadLetterRow> StreamAsync(
        DeadLetterFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        DeadLetterRows page;
        do
        {
            page = await ReadAsync(filter, StreamRecords, StreamBytes, WholeRaw, cancellationToken);
            foreach (DeadLetterRow row in page.Rows)
            {
                yield return row;
                filter = filter with { After = row.Record };
            }
        }
        while (page.HasMore);
    }

    private Task<DeadLetterRows> ReadAsync(
        DeadLetterFilter filter, int records, int bytes, int rawBytes, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) =>
            {
                var values = new
                {
                    filter.Job,
                    filter.After,
                    filter.Code,
                    filter.Field,
                    Records = records,
                    Bytes = bytes,
                    RawBytes = rawBytes,
                };
                List<DeadLetterRow> rows =
                    [.. await connection.QueryAsync<DeadLetterRow>(new CommandDefinition(List, values, cancellationToken: token))];
                return new DeadLetterRows(rows, rows.Count > 0 && rows[0].Found > rows.Count);
            },
            cancellationToken);
}
