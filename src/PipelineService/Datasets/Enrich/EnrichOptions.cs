namespace PipelineService.Datasets.Enrich;

/// <summary>
/// Section <c>Enrich</c>: services beyond the database that the op <c>http</c> may ask. Where they are, what they bear and their secrets
/// stand here and nowhere else: a definition only names them.
/// </summary>
public sealed class EnrichOptions
{
    public const string Section = "Enrich";

    /// <summary>
    /// Chunks that may wait for answers, of all jobs together; they hold their bytes and neither a worker nor a write session. Each service
    /// has an equal share, so that one that is slow leaves the others theirs. Default 16, 1 to 1,024, and at least one for each service;
    /// <c>Spool:ChunkBytes</c> times as many must not be more than 1 GiB.
    /// </summary>
    public int ChunksMax { get; set; } = 16;

    /// <summary>The services, by the names under which definitions ask them. Default none.</summary>
    public Dictionary<string, ServiceOptions> Services { get; init; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Values of the header that services are sent (<c>SecretHeader</c>), by the names under which they have them. They appear nowhere
    /// else: not in definitions, jobs, dead letters or logs. Default none.
    /// </summary>
    public Dictionary<string, string>? Secrets { get; init; }
}

/// <summary>How a service is asked.</summary>
public enum ServiceMode
{
    /// <summary>By POST, many at once.</summary>
    Batch,

    /// <summary>By GET, one by one.</summary>
    Get,
}

/// <summary>Section <c>Enrich:Services:{name}</c>: one service.</summary>
public sealed class ServiceOptions
{
    /// <summary>
    /// Its address, http or https; redirects are not followed. With <see cref="ServiceMode.Get"/> each <c>{input}</c> in it is replaced;
    /// inputs that it does not have become its query. Default none: it must be there.
    /// </summary>
    public Uri? Url { get; set; }

    /// <summary>The name of the value under <c>Enrich:Secrets</c> that is sent with each call. Default none.</summary>
    public string? Secret { get; set; }

    /// <summary>The header that has it. Default <c>Authorization</c>: the value is then one such as <c>Bearer …</c>.</summary>
    public string SecretHeader { get; set; } = "Authorization";

    /// <summary>How it is asked. Default <c>Batch</c>.</summary>
    public ServiceMode Mode { get; set; }

    /// <summary>Questions in one call. Default 500, 1 to 10,000; without meaning with <c>Get</c>.</summary>
    public int BatchMax { get; set; } = 500;

    /// <summary>Calls at the same time. Default 4, 1 to 100.</summary>
    public int Concurrency { get; set; } = 4;

    /// <summary>
    /// Calls in any second at most, those included that are tried again; of this instance: several share what the service bears. Default
    /// 50, 1 to 10,000.
    /// </summary>
    public int PerSecond { get; set; } = 50;

    /// <summary>How long one try may take, from its first byte to the last of its answer. Default 5 s, 100 ms to 10 minutes.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a call is tried again that may succeed then. Default 3, 0 to 10.</summary>
    public int Retries { get; set; } = 3;

    /// <summary>Memory that its answers may take. Default 32 MiB, 0 (nothing is kept) to 16 GiB.</summary>
    public long CacheBytes { get; set; } = 32 << 20;

    /// <summary>How long an answer is good. Default 1 hour, 0 to 30 days.</summary>
    public TimeSpan CacheFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long it is good that the service knows nothing. Default 1 minute, 0 to 30 days.</summary>
    public TimeSpan CacheMissingFor { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long after that an answer still serves while the service gives none. Default 1 day, 0 (never) to 365 days.
    /// </summary>
    public TimeSpan StaleFor { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The longest answer that is read. Default 8 MiB, 1 KiB to 256 MiB.</summary>
    public int AnswerBytesMax { get; set; } = 8 << 20;
}
