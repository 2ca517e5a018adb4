using System.IO.Enumeration;
using System.Runtime.CompilerServices;
using PipelineService.Sources.Folders;

namespace PipelineService.Sources.Buckets;

/// <summary>
/// The objects of a part of a bucket. An object is there as a whole or not at all, so none has to settle; one is known by its key, and a
/// state of it by its ETag and size.
/// </summary>
internal sealed class BucketPlace(StoreClient client, BucketSettings settings, TimeSpan silenceMax) : IObjectPlace
{
    public TimeSpan Settle => TimeSpan.Zero;

    public TimeSpan Interval => settings.Interval;

    public async IAsyncEnumerable<FoundObject> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (StoredObject stored in client.ListAsync(settings.Bucket, settings.Prefix, cancellationToken))
        {
            if (!IsPutAway(stored.Key) && FileSystemName.MatchesSimpleExpression(settings.Pattern, NameOf(stored.Key), ignoreCase: false))
            {
                bool isNameable = !stored.Key.Any(c => char.IsControl(c) || c == '\uFFFD');
                yield return new FoundObject(stored.Key, VersionOf(stored.ETag, stored.Bytes), stored.Bytes, stored.ModifiedAt, isNameable);
            }
        }
    }

    public async ValueTask<ObjectStream?> OpenAsync(FoundObject found, CancellationToken cancellationToken)
    {
        HttpResponseMessage? response = await client.GetAsync(settings.Bucket, found.Name, ETagOf(found.Version), cancellationToken);
        return response is null
            ? null
            : new ObjectStream(await response.Content.ReadAsStreamAsync(cancellationToken), found.Bytes, () => true, silenceMax);
    }

    /// <summary>
    /// An object that is moved is copied if it is still the one that was taken, and then deleted; one that died in between copies it once
    /// more to the same key. Stores have no deletion on condition that all of them know, so it is looked at right before.
    /// </summary>
    public async ValueTask PutAwayAsync(TakenObject taken, CancellationToken cancellationToken)
    {
        string etag = ETagOf(taken.Version);
        if (settings.After == FolderAfter.Delete && !taken.IsRefused)
        {
            if (await client.HeadAsync(settings.Bucket, taken.Name, cancellationToken) == etag)
            {
                await client.DeleteAsync(settings.Bucket, taken.Name, cancellationToken);
            }

            return;
        }

        string to = $"{settings.Prefix}{(taken.IsRefused ? settings.Failed : settings.Done)}/{taken.Name[settings.Prefix.Length..]}";
        if (await client.CopyAsync(settings.Bucket, taken.Name, etag, to, cancellationToken)
            && await client.HeadAsync(settings.Bucket, taken.Name, cancellationToken) == etag)
        {
            await client.DeleteAsync(settings.Bucket, taken.Name, cancellationToken);
        }
    }

    public void Dispose()
    {
        // The client is that of its store.
    }

    /// <summary>What was put away, and what stores' consoles make for folders.</summary>
    private bool IsPutAway(string key) => key.EndsWith('/')
        || key.StartsWith($"{settings.Prefix}{settings.Done}/", StringComparison.Ordinal)
        || key.StartsWith($"{settings.Prefix}{settings.Failed}/", StringComparison.Ordinal);

    private static ReadOnlySpan<char> NameOf(string key) => key.AsSpan(key.LastIndexOf('/') + 1);

    private static string VersionOf(string etag, long bytes) => FormattableString.Invariant($"{bytes}-{etag}");

    private static string ETagOf(string version) => version[(version.IndexOf('-', StringComparison.Ordinal) + 1)..];
}
