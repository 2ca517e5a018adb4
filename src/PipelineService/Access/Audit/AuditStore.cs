using Dapper;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Audit;

/// <summary>An entry with its place in the chain.</summary>
public sealed record AuditRow
{
    public required Guid Id { get; init; }

    public required DateTime At { get; init; }

    public required string Actor { get; init; }

    public required string Action { get; init; }

    public required string Object { get; init; }

    public string? Dataset { get; init; }

    public required string Outcome { get; init; }

    public string? Ip { get; init; }

    public required string Detail { get; init; }

    /// <summary>Null until it is linked.</summary>
    public long? Seq { get; init; }

    public byte[]? Hash { get; init; }
}

/// <summary>A page of the list.</summary>
/// <param name="Next">The cursor for the page that follows; null at the end.</param>
public sealed record AuditRows(IReadOnlyList<AuditRow> Rows, AuditCursor? Next);

/// <summary>Reads entries, newest first.</summary>
public sealed class AuditStore(Database database)
{
    private const string Looked = """
        SELECT * FROM pipeline.audit
        WHERE (@From::timestamptz IS NULL OR at >= @From) AND (@To::timestamptz IS NULL OR at < @To)
          AND (@CursorAt::timestamptz IS NULL OR (at, id) < (@CursorAt, @CursorId))
        ORDER BY at DESC, id DESC LIMIT @Look
        """;

    private const string Page = $"""
        SELECT a.id, a.at, a.actor, a.action, a.object, a.dataset, a.outcome, host(a.ip) AS ip, a.detail::text AS detail, l.seq, l.hash
        FROM (SELECT * FROM ({Looked}) looked
              WHERE (@Actor::text IS NULL OR actor = @Actor) AND (@Actions::text[] IS NULL OR action = ANY (@Actions))
                AND (@Object::text IS NULL OR object = @Object) AND (@Dataset::text IS NULL OR dataset = @Dataset)
                AND (@Outcome::text IS NULL OR outcome = @Outcome)
              ORDER BY at DESC, id DESC LIMIT @Limit + 1) a
        LEFT JOIN pipeline.audit_links l ON l.audit_id = a.id
        ORDER BY a.at DESC, a.id DESC
        """;

    /// <summary>The last entry that was looked at, when there are as many as may be; else no row.</summary>
    private const string LastLooked = $"SELECT at, id FROM ({Looked}) looked ORDER BY at DESC, id DESC OFFSET @Look - 1 LIMIT 1";

    public Task<AuditRows> ListAsync(AuditFilter filter, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            object values = ValuesOf(filter);
            List<AuditRow> rows = [.. await connection.QueryAsync<AuditRow>(new CommandDefinition(Page, values, cancellationToken: token))];
            if (rows.Count > filter.Limit)
            {
                AuditRow last = rows[filter.Limit - 1];
                return new AuditRows(rows[..filter.Limit], new AuditCursor(last.At, last.Id));
            }

            (DateTime At, Guid Id)? next = filter.HasConditions
                ? await connection.QuerySingleOrDefaultAsync<(DateTime, Guid)?>(
                    new CommandDefinition(LastLooked, values, cancellationToken: token))
                : null;
            return new AuditRows(rows, next is var (at, id) ? new AuditCursor(at, id) : null);
        },
        cancellationToken);

    private static object ValuesOf(AuditFilter filter) => new
    {
        filter.Actor,
        filter.Actions,
        filter.Object,
        filter.Dataset,
        filter.Outcome,
        filter.From,
        filter.To,
        CursorAt = filter.Cursor?.At,
        CursorId = filter.Cursor?.Id,
        filter.Look,
        filter.Limit,
    };
}
