using Dapper;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Tenants;

/// <summary>A tenant as clients see it.</summary>
/// <param name="Tenant">Its name; <c>dataset:</c> and a name for a dataset of nobody, which is its own tenant here.</param>
/// <param name="Weight">How much more it has of the sessions than others with the weight 1, when there are too few for all.</param>
/// <param name="SessionsMax">Write sessions that it has at once in an instance; null: as many as there are.</param>
/// <param name="QueuedBytesMax">Bytes that may wait in the queue before further uploads are refused; null: any number.</param>
/// <param name="Limits">How much all of its callers together may send to an instance; null: what <c>Limits:Tenant…</c> say.</param>
/// <param name="Waiting">Its jobs in the queue; as far as the first 100,000 of all tenants go.</param>
/// <param name="WaitingBytes">The bytes of their uploads.</param>
/// <param name="Oldest">Since when the oldest of them waits; null when none does.</param>
/// <param name="Running">Its jobs that are received or run.</param>
/// <param name="Share">Its part of all bytes whose jobs have ended within the last hour: 0 to 1.</param>
public sealed record TenantView(
    string Tenant, int Weight, int? SessionsMax, long? QueuedBytesMax, CallLimits? Limits, long Waiting, long WaitingBytes, DateTime? Oldest,
    long Running, double Share);

/// <summary>Some tenants, by name.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record TenantPage(IReadOnlyList<TenantView> Items, string? NextCursor);

/// <summary>What is to hold for a tenant; what is left out, or null, is as for those of whom nothing is said.</summary>
/// <param name="Weight">1 to 100; left out: 1.</param>
/// <param name="SessionsMax">Write sessions that it has at once in an instance: 1 to 500.</param>
/// <param name="QueuedBytesMax">Bytes that may wait in the queue before further uploads are refused.</param>
/// <param name="Limits">How much all of its callers together may send to an instance.</param>
public sealed record TenantRequest(
    int? Weight = null, int? SessionsMax = null, long? QueuedBytesMax = null, CallLimits? Limits = null);

/// <summary>Looks at what tenants have in the queue, and at what was said of them.</summary>
public sealed class TenantQueries(Database database)
{
    /// <summary>By name, those behind a name.</summary>
    public Task<IReadOnlyList<TenantView>> ListAsync(string after, int limit, CancellationToken cancellationToken) =>
        QueryAsync(TenantJobSql.Page, new { after, limit }, cancellationToken);

    /// <summary>Null for one of whom nothing is known.</summary>
    public async Task<TenantView?> FindAsync(string name, CancellationToken cancellationToken) =>
        (await QueryAsync(TenantJobSql.One, new { name }, cancellationToken)).SingleOrDefault();

    private Task<IReadOnlyList<TenantView>> QueryAsync(string sql, object values, CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyList<TenantView>>(
            async (connection, token) =>
                [.. (await connection.QueryAsync<Row>(JobSql.Command(sql, values, token))).Select(row => row.ToView())],
            cancellationToken);

    private sealed record Row
    {
        public required string Name { get; init; }

        public int Weight { get; init; }

        public int? SessionsMax { get; init; }

        public long? QueuedBytesMax { get; init; }

        public string? Limits { get; init; }

        public long Waiting { get; init; }

        public long WaitingBytes { get; init; }

        public DateTime? Oldest { get; init; }

        public long Running { get; init; }

        public double Share { get; init; }

        public TenantView ToView() => new(
            Name, Weight, SessionsMax, QueuedBytesMax, CallLimits.OfJson(Limits), Waiting, WaitingBytes, Oldest, Running, Share);
    }
}
