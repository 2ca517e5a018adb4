using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RabbitMQ.Client;

namespace PipelineService.Sources.Queues;

/// <summary>
/// Connects to RabbitMQ as the configuration says. It never connects anew by itself: the source does, behind what was taken.
/// </summary>
internal static class RabbitConnection
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    /// <param name="name">What the connection is called there.</param>
    public static Task<IConnection> OpenAsync(BrokerOptions broker, string name, CancellationToken cancellationToken)
    {
        Uri address = broker.Address!;
        bool isSecure = address.Scheme == "amqps";
        ConnectionFactory factory = new()
        {
            HostName = address.Host,
            Port = address.Port > 0 ? address.Port : AmqpTcpEndpoint.UseDefaultPort,
            VirtualHost = address.AbsolutePath.Length > 1
                ? Uri.UnescapeDataString(address.AbsolutePath[1..])
                : ConnectionFactory.DefaultVHost,
            UserName = broker.User ?? ConnectionFactory.DefaultUser,
            Password = broker.Password ?? ConnectionFactory.DefaultPass,
            AutomaticRecoveryEnabled = false,
            TopologyRecoveryEnabled = false,
            RequestedHeartbeat = Heartbeat,
            RequestedConnectionTimeout = broker.Timeout,
            HandshakeContinuationTimeout = broker.Timeout,
            ContinuationTimeout = broker.Timeout,
            ConsumerDispatchConcurrency = 1, // in their order
            Ssl = isSecure ? SecurityOf(address.Host, broker.AuthorityFile) : new SslOption(),
        };
        return factory.CreateConnectionAsync(name, cancellationToken);
    }

    private static SslOption SecurityOf(string host, string? authorityFile)
    {
        SslOption security = new(host, enabled: true);
        if (authorityFile is not null)
        {
            X509Certificate2Collection authorities = [];
            authorities.ImportFromPemFile(authorityFile);
            security.CertificateValidationCallback = (_, certificate, chain, faults) => IsFrom(authorities, certificate, chain, faults);
        }

        return security;
    }

    /// <summary>All is well with it but that the machine does not know whose it is.</summary>
    private static bool IsFrom(
        X509Certificate2Collection authorities, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors faults)
    {
        if (faults is not (SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateChainErrors)
            || certificate is not X509Certificate2 shown)
        {
            return false;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (X509ChainElement between in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(between.Certificate);
        }

        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }
}
