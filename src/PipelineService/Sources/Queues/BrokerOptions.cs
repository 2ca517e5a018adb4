namespace PipelineService.Sources.Queues;

/// <summary>
/// Section <c>Sources:Brokers:{name}</c>: a broker of whose streams sources may be. Where it is and what lets us in is the operator's
/// affair: who declares a source names neither an address nor a secret.
/// </summary>
public sealed class BrokerOptions
{
    /// <summary>
    /// Its address: <c>nats://host:4222</c>, or with TLS <c>tls://host:4222</c>, is NATS with JetStream; <c>amqp://host:5672/vhost</c>, or
    /// with TLS <c>amqps://host:5671/vhost</c>, is RabbitMQ. Default none: it must be given.
    /// </summary>
    public Uri? Address { get; init; }

    /// <summary>By which name we go in. Default none: of NATS nobody's, of RabbitMQ <c>guest</c>.</summary>
    public string? User { get; init; }

    /// <summary>Its password. Default none. Give it as a variable of the environment.</summary>
    public string? Password { get; init; }

    /// <summary>NATS: the token that lets us in instead. Default none. Give it as a variable of the environment.</summary>
    public string? Token { get; init; }

    /// <summary>NATS: the file of credentials (<c>.creds</c>) that lets us in instead. Default none.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>
    /// With TLS the file, in PEM, of the authority that the broker's certificate is from. Default none: those that the machine trusts.
    /// </summary>
    public string? AuthorityFile { get; init; }

    /// <summary>Streams that sources may be of. Default none: all that we may read.</summary>
    public IReadOnlyList<string> Streams { get; init; } = [];

    /// <summary>How long the broker may take to let us in and to answer. Default 10 s, range 1 s to 10 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether it is RabbitMQ.</summary>
    internal bool IsRabbit => Address?.Scheme is "amqp" or "amqps";
}
