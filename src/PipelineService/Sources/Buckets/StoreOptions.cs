namespace PipelineService.Sources.Buckets;

/// <summary>
/// Section <c>Sources:Stores:{name}</c>: an S3-compatible store, of which sources name the buckets. Where it is and what lets us in is the
/// operator's affair: who declares a source names neither an address nor a secret.
/// </summary>
public sealed class StoreOptions
{
    /// <summary>
    /// Its address, such as <c>https://s3.eu-central-1.amazonaws.com</c> or <c>http://minio:9000</c>. Default none: it must be given.
    /// </summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The region that requests are signed for. Default <c>us-east-1</c>, which most stores of one's own take.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The id of the key that requests are signed with. Default none: they are not signed.</summary>
    public string? AccessKey { get; init; }

    /// <summary>That key. Default none. Give it as a variable of the environment.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Buckets that sources may be of. Default none: all that the key opens.</summary>
    public IReadOnlyList<string> Buckets { get; init; } = [];

    /// <summary>
    /// Whether buckets are named in the path of the address, and not as a host of its own. Default true, which stores of one's own want.
    /// </summary>
    public bool PathStyle { get; init; } = true;

    /// <summary>
    /// How long the store may be silent, before an answer and between the parts of one. Default 30 s, range 1 s to 10 minutes.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}
