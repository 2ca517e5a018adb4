using System.Globalization;
using Dapper;
using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Runs;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources;

/// <summary>
/// What sources have taken, and which of them this instance looks after. What is taken is written by the registration of its upload
/// (<c>pipeline.take</c>) and by nobody else.
/// </summary>
internal sealed class SourceLedger(Database database, Instance instance, IOptions<SourcesOptions> options, TimeProvider time)
{
    private const int ForgottenAtOnce = 10_000;

    /// <summary>Takes over sources that nobody looks after.</summary>
    /// <param name="max">How many at most.</param>
    /// <returns>All that this instance looks after.</returns>
    public Task<IReadOnlyList<SourceRow>> ClaimAsync(int max, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<SourceRow>)
            [.. await connection.QueryAsync<SourceRow>(Command(SourceSql.Claim, new { instance = instance.Id, max }, token))],
        cancellationToken);

    /// <summary>Others may take them over at once.</summary>
    public Task ReleaseAsync(CancellationToken cancellationToken) =>
        ExecuteAsync(SourceSql.Release, new { instance = instance.Id }, cancellationToken);

    /// <summary>Which states of these objects were taken or refused.</summary>
    public Task<HashSet<(string Name, string Version)>> FindKnownAsync(
        Guid id, string[] names, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
            (await connection.QueryAsync<(string, string)>(Command(SourceSql.Known, new { id, names }, token))).ToHashSet(),
        cancellationToken);

    /// <summary>What was taken or refused, and may lie where it was.</summary>
    /// <param name="after">The number of the last that was seen.</param>
    public Task<IReadOnlyList<TakenObject>> FindToPutAwayAsync(
        Guid id, long after, int max, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) => (IReadOnlyList<TakenObject>)
            [.. await connection.QueryAsync<TakenObject>(Command(SourceSql.ToPutAway, new { id, after, max }, token))],
        cancellationToken);

    public Task MarkPutAwayAsync(Guid id, long number, CancellationToken cancellationToken) =>
        ExecuteAsync(SourceSql.PutAway, new { id, number }, cancellationToken);

    /// <summary>Forgets what was put away longer ago than objects are remembered, in transactions of bounded size.</summary>
    public async Task ForgetAsync(Guid id, CancellationToken cancellationToken)
    {
        DateTime before = (time.GetUtcNow() - options.Value.RememberFor).UtcDateTime;
        while (await ExecuteAsync(SourceSql.Forget, new { id, before, max = ForgottenAtOnce }, cancellationToken) == ForgottenAtOnce)
        {
            // There are more.
        }
    }

    /// <summary>It cannot be taken, in this state never.</summary>
    public Task RefuseAsync(Guid id, FoundObject found, Problem reason, CancellationToken cancellationToken) => ExecuteAsync(
        SourceSql.Refuse,
        new { id, name = found.Name, version = found.Version, bytes = found.Bytes, error = Faults.ToJson(reason) },
        cancellationToken);

    /// <summary>What a look has left.</summary>
    public Task TellAsync(Guid id, SourceLag lag, CancellationToken cancellationToken) => ExecuteAsync(
        SourceSql.Tell,
        new
        {
            id,
            now = time.GetDatabaseNow().UtcDateTime,
            objects = lag.Objects,
            bytes = lag.Bytes,
            since = lag.Since?.UtcDateTime,
            skipped = lag.Skipped,
        },
        cancellationToken);

    /// <summary>How many messages wait in a queue.</summary>
    /// <param name="since">When the oldest of them came there, or one before it; null where that is not known.</param>
    public Task TellMessagesAsync(Guid id, long messages, DateTimeOffset? since, CancellationToken cancellationToken) => ExecuteAsync(
        SourceSql.TellMessages,
        new { id, now = time.GetDatabaseNow().UtcDateTime, messages, since = since?.UtcDateTime },
        cancellationToken);

    /// <summary>How far a queue was taken; null: nothing of it was.</summary>
    public Task<LogPosition?> FindPositionAsync(Guid id, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.QuerySingleOrDefaultAsync<LogPosition>(Command(SourceSql.Position, new { id }, token)),
        cancellationToken);

    /// <summary>A message cannot be taken, never: those behind it can.</summary>
    /// <returns>False when somebody else was faster.</returns>
    public async Task<bool> RefuseAsync(
        Guid id, long? after, LogPosition until, long bytes, Problem reason, CancellationToken cancellationToken) => await ExecuteAsync(
        SourceSql.RefuseMessage,
        new
        {
            id,
            after,
            until = until.Number,
            mark = until.Mark,
            name = until.Number.ToString(CultureInfo.InvariantCulture),
            bytes,
            error = Faults.ToJson(reason),
        },
        cancellationToken) > 0;

    /// <summary>Messages behind this position are gone, up to another.</summary>
    /// <returns>False when somebody else was faster.</returns>
    public async Task<bool> PassOverAsync(Guid id, long after, LogPosition until, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            SourceSql.PassOver, new { id, after, until = until.Number, mark = until.Mark }, cancellationToken) > 0;

    public Task TellFaultAsync(Guid id, Problem fault, CancellationToken cancellationToken) => ExecuteAsync(
        SourceSql.TellFault, new { id, error = Faults.ToJson(fault), now = time.GetDatabaseNow().UtcDateTime }, cancellationToken);

    private Task<int> ExecuteAsync(string sql, object values, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => connection.ExecuteAsync(Command(sql, values, token)), cancellationToken);

    private static CommandDefinition Command(string sql, object values, CancellationToken cancellationToken) =>
        new(sql, values, cancellationToken: cancellationToken);
}

/// <summary>What waits to be taken.</summary>
/// <param name="Since">The time of change of the oldest.</param>
/// <param name="Skipped">What was passed over, because its name cannot be told.</param>
internal readonly record struct SourceLag(long Objects, long Bytes, DateTimeOffset? Since, long Skipped)
{
    /// <summary>Brokers tell how many messages wait, and not how large they are.</summary>
    public const long UnknownBytes = -1;

    public SourceLag With(FoundObject found) => this with
    {
        Objects = Objects + 1,
        Bytes = Bytes + found.Bytes,
        Since = Since < found.ModifiedAt ? Since : found.ModifiedAt,
    };

    public SourceLag Without(FoundObject found) => this with
    {
        Objects = Objects - 1,
        Bytes = Bytes - found.Bytes,
        Since = Objects == 1 ? null : Since,
    };
}
