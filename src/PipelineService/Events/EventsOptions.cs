namespace PipelineService.Events;

/// <summary>Section <c>Events</c>: who is told what happened, and how long that is kept.</summary>
public sealed class EventsOptions
{
    public const string Section = "Events";

    /// <summary>
    /// How long events and deliveries are kept: a subscriber may have been away for as long. Default 7 days, 1 to 14 days. They go by whole
    /// days of UTC.
    /// </summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Streams of events that one instance serves at once. Default 1500, range 1 to 100,000; at most three quarters of
    /// <c>Hosting:ClientConnectionsMax</c> in any case, so that uploads find a place. Each costs some 50 kB. More are answered 503.
    /// </summary>
    public int StreamsMax { get; init; } = 1500;

    /// <summary>
    /// Webhooks that there may be. Default 100, range 1 to 1000. Each may have one delivery under way at any time, and more while there is
    /// room.
    /// </summary>
    public int WebhooksMax { get; init; } = 100;

    /// <summary>
    /// How long a webhook may take to answer, from its name's resolution to the end of its answer. Default 15 s, range 1 s to 1 min.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Deliveries that may wait for one webhook; one that has more is disabled (<c>backlog</c>). Default 100,000, range 100 to 10,000,000.
    /// </summary>
    public int PendingMax { get; init; } = 100_000;

    /// <summary>
    /// Whether webhooks may be on this machine, in private networks, and at other addresses that are not public. Default false: whoever may
    /// make webhooks could otherwise reach what only this machine reaches.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Whether webhooks may be called over <c>http://</c>, where everybody on the way reads what is sent. Default false.</summary>
    public bool AllowHttp { get; init; }

    /// <summary>
    /// The key under which secrets and headers of webhooks are encrypted in the database (AES-256-GCM), the same for all instances: 32
    /// bytes in Base64, as <c>openssl rand -base64 32</c> prints. Default none: they lie there as they are. What another key has encrypted
    /// cannot be used any more: rotate the secrets then.
    /// </summary>
    public string? SecretKey { get; init; }
}
