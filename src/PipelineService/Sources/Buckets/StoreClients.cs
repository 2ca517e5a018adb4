using System.Collections.Frozen;
using Microsoft.Extensions.Options;

namespace PipelineService.Sources.Buckets;

/// <summary>The stores of the configuration, each with the connections to it, which all its sources share.</summary>
internal sealed class StoreClients(IOptions<SourcesOptions> options, TimeProvider time) : IDisposable
{
    private readonly FrozenDictionary<string, StoreClient> _clients =
        options.Value.Stores.ToFrozenDictionary(store => store.Key, store => new StoreClient(store.Value, time), StringComparer.Ordinal);

    /// <exception cref="SourceFaultException">The configuration has no such store, or keeps the bucket from sources.</exception>
    public BucketPlace Open(BucketSettings settings)
    {
        if (!options.Value.Stores.TryGetValue(settings.Store, out StoreOptions? store))
        {
            throw new SourceFaultException($"The service has no store that is called \"{settings.Store}\" (Sources:Stores).");
        }

        return store.Buckets.Count == 0 || store.Buckets.Contains(settings.Bucket)
            ? new BucketPlace(_clients[settings.Store], settings, store.Timeout)
            : throw new SourceFaultException(
                $"The bucket \"{settings.Bucket}\" is none that sources may be of (Sources:Stores:{settings.Store}:Buckets).");
    }

    public void Dispose()
    {
        foreach (StoreClient client in _clients.Values)
        {
            client.Dispose();
        }
    }
}
