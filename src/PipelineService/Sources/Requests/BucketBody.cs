using System.Text;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Folders;

namespace PipelineService.Sources.Requests;

/// <summary>What is said of a part of a bucket. Whether it is there is seen when it is looked at.</summary>
internal static class BucketBody
{
    private const string Expected = "Must be an object with \"store\" and \"bucket\": say which objects are to be taken.";

    /// <summary>Bytes of a prefix: a key has 1,024, and what is put away has a longer one.</summary>
    private const int PrefixBytesMax = 500;

    public static readonly TimeSpan IntervalDefault = TimeSpan.FromMinutes(1);

    /// <returns>Null when something is wrong with it, which is among the faults of the body then.</returns>
    public static BucketSettings? Read(JsonBody body, SourcesOptions options)
    {
        if (body.Part(SourceKinds.Bucket, Expected) is not { } bucket)
        {
            body.Add(SourceKinds.Bucket, Expected);
            return null;
        }

        bucket.CheckMembers("store", "bucket", "prefix", "pattern", "interval", "after", "done", "failed");
        string store = StoreOf(bucket, options);
        return new BucketSettings(
            store,
            BucketOf(bucket, options.Stores.GetValueOrDefault(store)),
            PrefixOf(bucket),
            FolderBody.PatternOf(bucket),
            FolderBody.TimeOf(bucket, "interval", IntervalDefault, FolderSettings.IntervalMin, FolderSettings.IntervalMax),
            FolderBody.AfterOf(bucket, FolderAfter.Keep),
            FolderBody.NameOf(bucket, "done", FolderSettings.DoneName),
            FolderBody.NameOf(bucket, "failed", FolderSettings.FailedName));
    }

    private static string StoreOf(JsonBody bucket, SourcesOptions options)
    {
        string? store = bucket.Text("store");
        if (store is null || !options.Stores.ContainsKey(store))
        {
            string known = options.Stores.Count == 0
                ? "It has none: set Sources:Stores."
                : $"It has {string.Join(", ", options.Stores.Keys.Order(StringComparer.Ordinal))}.";
            string fault = store is null ? "Is missing: say" : $"\"{Excerpt.Of(store)}\" is none of what the service is told of. Say";
            bucket.Add("store", $"{fault} which store. {known}");
        }

        return store ?? "";
    }

    private static string BucketOf(JsonBody bucket, StoreOptions? store)
    {
        string name = bucket.Text("bucket") ?? "";
        if (!BucketName.IsGood(name))
        {
            bucket.Add("bucket", name.Length == 0 ? "Is missing: say which bucket." : $"\"{Excerpt.Of(name)}\" is no name of a bucket.");
        }
        else if (store is { Buckets.Count: > 0 } && !store.Buckets.Contains(name))
        {
            bucket.Add("bucket", $"\"{name}\" is none of the buckets that sources may be of.");
        }

        return name;
    }

    private static string PrefixOf(JsonBody bucket)
    {
        string prefix = bucket.Text("prefix") ?? "";
        if (Encoding.UTF8.GetByteCount(prefix) > PrefixBytesMax || prefix.StartsWith('/') || prefix.Any(char.IsControl))
        {
            bucket.Add("prefix", $"Must be the beginning of keys, of up to {PrefixBytesMax} bytes, such as partners/acme/.");
        }

        return prefix;
    }
}
