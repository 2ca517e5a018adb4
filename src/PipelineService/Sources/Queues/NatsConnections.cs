using NATS.Client.Core;

namespace PipelineService.Sources.Queues;

/// <summary>Makes connections to NATS as the configuration says.</summary>
internal static class NatsConnections
{
    private const int DefaultPort = 4222;

    /// <summary>One that is not open yet, and goes where the configuration says and nowhere else: servers name others.</summary>
    public static NatsConnection Make(BrokerOptions broker)
    {
        (string Host, int Port) target = (broker.Address!.Host, broker.Address.Port > 0 ? broker.Address.Port : DefaultPort);
        return new NatsConnection(OptionsOf(broker)) { OnConnectingAsync = _ => ValueTask.FromResult(target) };
    }

    private static NatsOpts OptionsOf(BrokerOptions broker) => new()
    {
        Url = broker.Address!.ToString(),
        Name = "pipeline-service",
        ConnectTimeout = broker.Timeout,
        RequestTimeout = broker.Timeout,
        CommandTimeout = broker.Timeout,
        AuthOpts = new NatsAuthOpts
        {
            Username = broker.User,
            Password = broker.Password,
            Token = broker.Token,
            CredsFile = broker.CredentialsFile,
        },
        TlsOpts = new NatsTlsOpts
        {
            Mode = broker.Address.Scheme == "tls" ? TlsMode.Require : TlsMode.Auto,
            CaFile = broker.AuthorityFile,
        },
    };
}
