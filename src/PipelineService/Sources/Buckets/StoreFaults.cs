namespace PipelineService.Sources.Buckets;

/// <summary>What is wrong with the settings of a store.</summary>
internal static class StoreFaults
{
    private const int BucketsMax = 1_000;

    public static IEnumerable<(string Setting, string Fault)> Of(StoreOptions store)
    {
        if (store.Endpoint is not { IsAbsoluteUri: true } endpoint || endpoint.Scheme is not ("http" or "https")
            || endpoint.PathAndQuery != "/" || endpoint.UserInfo.Length + endpoint.Fragment.Length > 0)
        {
            yield return (
                nameof(StoreOptions.Endpoint),
                "must be the address of the store without a path, such as https://s3.eu-central-1.amazonaws.com.");
        }

        if (store.Region.Length is 0 or > 60 || !store.Region.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            yield return (nameof(StoreOptions.Region), "must be the name of a region, such as eu-central-1.");
        }

        if (store.AccessKey is null != store.SecretKey is null)
        {
            yield return (
                store.AccessKey is null ? nameof(StoreOptions.AccessKey) : nameof(StoreOptions.SecretKey),
                "AccessKey and SecretKey go together.");
        }

        if (store.Buckets.Count > BucketsMax || !store.Buckets.All(BucketName.IsGood))
        {
            yield return (nameof(StoreOptions.Buckets), $"must be up to {BucketsMax} names of buckets.");
        }

        if (store.Timeout < TimeSpan.FromSeconds(1) || store.Timeout > TimeSpan.FromMinutes(10))
        {
            yield return (nameof(StoreOptions.Timeout), "must be from 1 s to 10 min.");
        }
    }
}

/// <summary>Names of buckets: they stand in addresses.</summary>
internal static class BucketName
{
    public static bool IsGood(string name) => name.Length is >= 3 and <= 63
        && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && !name.Contains("..", StringComparison.Ordinal);
}
