using System.Collections.Frozen;
using Dapper;
using Npgsql;
using PipelineService.Access.Limits;
using PipelineService.Core.Jobs;

namespace PipelineService.Access.Tenants;

/// <summary>
/// What was said of tenants, and the limits of datasets, in memory as the keys are and read together with them: no request and no claim
/// asks the database for them, and a change reaches every instance within seconds. Before the database was reached nothing was said.
/// </summary>
public sealed class TenantRing
{
    private volatile Contents _contents = Contents.Nothing;

    /// <summary>What a tenant, or a dataset of nobody, may have of the sessions.</summary>
    public Share ShareOf(string party) =>
        _contents.Tenants.TryGetValue(party, out Entry? entry) ? entry.Share : Share.Usual;

    /// <summary>What was said of a tenant's calls.</summary>
    public CallLimits? LimitsOf(string tenant) =>
        _contents.Tenants.TryGetValue(tenant, out Entry? entry) ? entry.Limits : null;

    /// <summary>What was said of uploads for a dataset.</summary>
    public CallLimits? LimitsOfDataset(string dataset) => _contents.Datasets.GetValueOrDefault(dataset);

    /// <summary>How many bytes of a tenant, or a dataset of nobody, may wait in the queue; null: any number.</summary>
    public long? QueuedBytesMaxOf(string party) =>
        _contents.Tenants.TryGetValue(party, out Entry? entry) ? entry.QueuedBytesMax : null;

    /// <summary>Whether there is anybody whose waiting bytes are bounded.</summary>
    public bool BoundsQueues => _contents.BoundsQueues;

    internal async Task TakeInAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        IEnumerable<TenantRow> tenants = await connection.QueryAsync<TenantRow>(
            new CommandDefinition(TenantSql.Load, cancellationToken: cancellationToken));
        IEnumerable<(string Name, string Limits)> datasets = await connection.QueryAsync<(string, string)>(
            new CommandDefinition(TenantSql.LoadDatasets, cancellationToken: cancellationToken));
        var entries = tenants.ToFrozenDictionary(row => row.Name, Entry.Of);
        _contents = new Contents(
            entries,
            datasets.ToFrozenDictionary(dataset => dataset.Name, dataset => CallLimits.OfJson(dataset.Limits)!),
            entries.Any(entry => entry.Value.QueuedBytesMax is not null));
    }

    private sealed record Entry(Share Share, CallLimits? Limits, long? QueuedBytesMax)
    {
        public static Entry Of(TenantRow row) => new(row.ToShare(), CallLimits.OfJson(row.Limits), row.QueuedBytesMax);
    }

    private sealed record Contents(
        FrozenDictionary<string, Entry> Tenants, FrozenDictionary<string, CallLimits> Datasets, bool BoundsQueues)
    {
        public static Contents Nothing { get; } = new(FrozenDictionary<string, Entry>.Empty, FrozenDictionary<string, CallLimits>.Empty, false);
    }
}
