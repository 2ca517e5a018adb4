using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets;

/// <summary>
/// The datasets as uploads and jobs see them: compiled, cached, and there while the database is away. Fresh within
/// <see cref="DatasetsOptions.CacheAge"/>.
/// </summary>
public sealed class DatasetCatalog(Database database, IOptions<DatasetsOptions> options, TimeProvider time)
{
    private readonly BoundedCache<string, Entry> _current = new(options.Value.CacheCountMax);
    private readonly BoundedCache<(string Name, int Version), DatasetVersion> _versions = new(options.Value.CacheCountMax);
    private readonly ConcurrentDictionary<string, Lazy<Task<DatasetVersion?>>> _refreshes = new(StringComparer.Ordinal);

    /// <summary>What definitions name and do not hold.</summary>
    public DatasetSecrets Secrets { get; } = new(options.Value);

    /// <summary>The current version of a dataset, or null when there is none of that name.</summary>
    /// <exception cref="DatabaseUnavailableException">The database is away, and this dataset was never seen.</exception>
    public async Task<DatasetVersion?> FindAsync(string name, CancellationToken cancellationToken)
    {
        bool isKnown = _current.TryGet(name, out Entry? entry);
        if (isKnown && time.GetElapsedTime(entry!.AsOf) <= options.Value.CacheAge)
        {
            return entry.Dataset;
        }

        // One refresh per dataset at a time, shared by all who wait for it; so none of them may cancel it.
        Lazy<Task<DatasetVersion?>> refresh = _refreshes.GetOrAdd(
            name, key => new Lazy<Task<DatasetVersion?>>(() => RefreshAsync(key, entry?.Dataset)));
        try
        {
            return await refresh.Value.WaitAsync(cancellationToken);
        }
        catch (DatabaseUnavailableException) when (isKnown)
        {
            return entry!.Dataset;
        }
    }

    /// <summary>A version by its number, also of a deleted dataset; null when there is none.</summary>
    /// <exception cref="DatabaseUnavailableException">The database is away, and this version was never seen.</exception>
    public async Task<DatasetVersion?> FindVersionAsync(string name, int version, CancellationToken cancellationToken)
    {
        if (_versions.TryGet((name, version), out DatasetVersion? known))
        {
            return known;
        }

        StoredVersion? stored = await database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<StoredVersion>(
                new CommandDefinition(DatasetSql.FindVersion, new { name, version }, cancellationToken: token)),
            cancellationToken);
        return stored is null ? null : Keep(DatasetVersion.Read(name, version, stored.CreatedAt, stored.Definition!, stored.Tenant, Secrets));
    }

    /// <summary>The version that a job was made under. Versions are never removed, so it is there.</summary>
    /// <exception cref="DatabaseUnavailableException">The database is away, and this version was never seen.</exception>
    public async Task<DatasetVersion> GetVersionAsync(string name, int version, CancellationToken cancellationToken) =>
        await FindVersionAsync(name, version, cancellationToken)
        ?? throw new InvalidOperationException($"Dataset {name} has no version {version}, but a job was made under it.");

    /// <summary>
    /// Reads the datasets that were changed last, as many as are kept: an outage that comes before their first upload must not
    /// refuse it. One that this version of the service cannot read is passed over; whoever uses it is told.
    /// </summary>
    /// <returns>How many there are now.</returns>
    internal async Task<int> PreloadAsync(CancellationToken cancellationToken)
    {
        long asOf = time.GetTimestamp();
        IEnumerable<NamedVersion> stored = await database.RunPatientlyAsync(
            (connection, token) => connection.QueryAsync<NamedVersion>(new CommandDefinition(
                DatasetSql.LastChanged, new { limit = options.Value.CacheCountMax }, cancellationToken: token)),
            cancellationToken);
        int read = 0;
        foreach (NamedVersion version in stored.Reverse()) // the last changed is forgotten last
        {
            try
            {
                var dataset = DatasetVersion.Read(
                    version.Name, version.Version, version.CreatedAt, version.Definition, version.Tenant, Secrets);
                SetCurrent(version.Name, Keep(dataset), asOf);
                read++;
            }
            catch (InvalidDataException)
            {
                // Told to whoever uses it.
            }
        }

        return read;
    }

    /// <summary>Takes note of a version that this instance has just made current.</summary>
    internal void Remember(DatasetVersion dataset) => SetCurrent(dataset.Name, Keep(dataset), time.GetTimestamp());

    /// <summary>Takes note that this instance has just deleted a dataset.</summary>
    internal void Forget(string name) => SetCurrent(name, null, time.GetTimestamp());

    private async Task<DatasetVersion?> RefreshAsync(string name, DatasetVersion? known)
    {
        long asOf = time.GetTimestamp();
        try
        {
            StoredVersion? stored = await database.RunAsync(
                (connection, token) => connection.QuerySingleOrDefaultAsync<StoredVersion>(new CommandDefinition(
                    DatasetSql.Refresh,
                    new { name, knownVersion = known?.Version, knownCreatedAt = known?.CreatedAt },
                    cancellationToken: token)),
                CancellationToken.None);
            DatasetVersion? dataset = stored switch
            {
                null => null,
                { Definition: null } => known,
                _ => Keep(DatasetVersion.Read(name, stored.Version, stored.CreatedAt, stored.Definition, stored.Tenant, Secrets)),
            };
            return SetCurrent(name, dataset, asOf);
        }
        finally
        {
            _refreshes.TryRemove(name, out _);
        }
    }

    /// <summary>Two who read the same version share one object, and so one compiled plan.</summary>
    private DatasetVersion Keep(DatasetVersion read)
    {
        DatasetVersion kept = read;
        _versions.Update((read.Name, read.Version), known => kept = known?.CreatedAt == read.CreatedAt ? known : read);
        return kept;
    }

    /// <summary>
    /// Sets what is current, unless what is there was learnt later than this: a slow read must not undo a write. Gives
    /// what holds in the end.
    /// </summary>
    private DatasetVersion? SetCurrent(string name, DatasetVersion? dataset, long asOf)
    {
        DatasetVersion? holds = dataset;
        _current.Update(name, known =>
        {
            if (known?.AsOf > asOf)
            {
                holds = known.Dataset;
                return known;
            }

            return dataset is null ? null : new Entry(dataset, asOf);
        });
        return holds;
    }

    private sealed record Entry(DatasetVersion Dataset, long AsOf);
}
