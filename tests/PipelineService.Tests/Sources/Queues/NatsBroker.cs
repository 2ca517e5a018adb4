using System.Globalization;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>nats-server with JetStream.</summary>
/// <param name="certificate">With TLS: files of the certificate that is its own and its authority's, and of the key.</param>
internal sealed class NatsBroker(OwnCertificate? certificate = null) : TestBroker
{
    private const int AtOnce = 500;

    private static readonly string? Program = BrokerProcess.Find("nats-server");

    private readonly int _port = ServiceProcess.FreePort();
    private NatsConnection? _connection;

    public static bool IsInstalled => Program is not null;

    public override Uri Address => new(string.Create(
        CultureInfo.InvariantCulture, $"{(certificate is null ? "nats://127.0.0.1" : "tls://localhost")}:{_port}"));

    public NatsJSContext JetStream => new(_connection!);

    public override async Task StartAsync()
    {
        string port = _port.ToString(CultureInfo.InvariantCulture);
        string[] secured = certificate is { } own ? ["--tls", "--tlscert", own.File, "--tlskey", own.KeyFile] : [];
        Hold(await BrokerProcess.StartAsync(
            Program!, ["-a", "127.0.0.1", "-p", port, "-js", "-sd", Path.Combine(Folder, "js"), .. secured], Folder));
        await WhenStartedAsync(TryConnectAsync);
    }

    public override Task MakeStreamAsync(string name, params string[] subjects) =>
        MakeStreamAsync(new StreamConfig(name, subjects.Length == 0 ? [name] : subjects));

    public async Task MakeStreamAsync(StreamConfig stream) =>
        await JetStream.CreateStreamAsync(stream, TestContext.Current.CancellationToken);

    public override async Task DeleteStreamAsync(string name) =>
        await JetStream.DeleteStreamAsync(name, TestContext.Current.CancellationToken);

    public override async Task SendAsync(string subject, IReadOnlyList<string> messages)
    {
        // Without acknowledgements but the last of each lot: one connection keeps their order.
        foreach (string[] lot in messages.Chunk(AtOnce))
        {
            foreach (string message in lot[..^1])
            {
                await _connection!.PublishAsync(
                    subject, Encoding.UTF8.GetBytes(message), cancellationToken: TestContext.Current.CancellationToken);
            }

            PubAckResponse taken = await JetStream.PublishAsync(
                subject, Encoding.UTF8.GetBytes(lot[^1]), cancellationToken: TestContext.Current.CancellationToken);
            taken.EnsureSuccess();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    private async Task<bool> TryConnectAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        _connection = new NatsConnection(new NatsOpts
        {
            Url = Address.ToString(),
            RequestTimeout = TimeSpan.FromSeconds(5),
            TlsOpts = new NatsTlsOpts { CaFile = certificate?.File },
        });
        try
        {
            await _connection.ConnectAsync();
            await foreach (string _ in JetStream.ListStreamNamesAsync(cancellationToken: TestContext.Current.CancellationToken))
            {
                break;
            }

            return true;
        }
        catch (NatsException)
        {
            return false;
        }
    }
}
