using System.IO.Hashing;

namespace PipelineService.Spool.Local;

/// <summary>
/// Which stored upload came under which idempotency key, for when the database cannot be asked. A manifest is read
/// once, when it is first seen, and not for every upload that has a key.
/// </summary>
internal sealed class SpoolKeys(SpoolDirectory spool)
{
    /// <summary>
    /// The newest uploads, some 3 MB of memory. One that is older than those and is sent again becomes a job that ends
    /// when recovery finds its key taken.
    /// </summary>
    public const int UploadsMax = 65_536;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, UInt128> _keys = [];

    /// <summary>The upload for a dataset under a key; null when the spool holds none.</summary>
    public SpoolManifest? Find(string dataset, string key)
    {
        UInt128 wanted = DigestOf(dataset, key);
        Guid[] found;
        lock (_lock)
        {
            LookForNew();
            found = [.. _keys.Where(upload => upload.Value == wanted).Select(upload => upload.Key)];
        }

        return found.Select(spool.FindManifestIfReadable)
            .FirstOrDefault(manifest => manifest?.Dataset == dataset && manifest.IdempotencyKey == key);
    }

    private void LookForNew()
    {
        HashSet<Guid> stored = [.. spool.SealedUploads().TakeLast(UploadsMax)];
        foreach (Guid gone in _keys.Keys.Where(id => !stored.Contains(id)).ToArray())
        {
            _keys.Remove(gone);
        }

        foreach (Guid id in stored.Where(id => !_keys.ContainsKey(id)))
        {
            if (spool.FindManifestIfReadable(id) is { } manifest)
            {
                _keys[id] = manifest.IdempotencyKey is { } key ? DigestOf(manifest.Dataset, key) : UInt128.Zero;
            }
        }
    }

    private static UInt128 DigestOf(string dataset, string key) =>
        XxHash128.HashToUInt128(System.Text.Encoding.UTF8.GetBytes($"{dataset}\0{key}"));
}
