using System.Globalization;
using System.Text;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>rabbitmq-server, with the name server of its own that Erlang wants. It is there with TLS, too.</summary>
internal sealed class RabbitBroker : TestBroker
{
    private static readonly string? Program = BrokerProcess.Find("../lib/rabbitmq/bin/rabbitmq-server");
    private static readonly string? NameServer = BrokerProcess.Find("epmd");

    private readonly int _port = ServiceProcess.FreePort();
    private readonly int _securePort = ServiceProcess.FreePort();
    private readonly int _namesPort = ServiceProcess.FreePort();
    private readonly int _nodesPort = ServiceProcess.FreePort();
    private readonly HashSet<string> _streams = [];
    private OwnCertificate? _certificate;
    private IConnection? _connection;

    public static bool IsInstalled => Program is not null && NameServer is not null;

    public override Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"amqp://127.0.0.1:{_port}"));

    public Uri SecureAddress => new(string.Create(CultureInfo.InvariantCulture, $"amqps://localhost:{_securePort}"));

    /// <summary>Whose certificate it shows there.</summary>
    public string AuthorityFile => _certificate!.File;

    public IConnection Connection => _connection!;

    private string Configuration => Path.Combine(Folder, "rabbitmq.conf");

    public override async Task StartAsync()
    {
        string names = _namesPort.ToString(CultureInfo.InvariantCulture);
        string plugins = Path.Combine(Folder, "plugins");
        if (!File.Exists(plugins))
        {
            await File.WriteAllTextAsync(plugins, "[].\n");
            _certificate = await OwnCertificate.MakeAsync("localhost", Folder);
            await File.WriteAllTextAsync(Configuration, string.Create(CultureInfo.InvariantCulture, $"""
                listeners.ssl.1 = 127.0.0.1:{_securePort}
                ssl_options.cacertfile = {_certificate.File}
                ssl_options.certfile = {_certificate.File}
                ssl_options.keyfile = {_certificate.KeyFile}
                ssl_options.verify = verify_none

                """));
        }

        Hold(await BrokerProcess.StartAsync(NameServer!, ["-port", names, "-address", "127.0.0.1"], Folder));
        Hold(await BrokerProcess.StartAsync(
            Program!, [], Folder,
            ("ERL_EPMD_PORT", names), ("ERL_EPMD_ADDRESS", "127.0.0.1"), ("RABBITMQ_ALLOW_INPUT", "1"),
            ("RABBITMQ_NODENAME", string.Create(CultureInfo.InvariantCulture, $"test{_port}@localhost")),
            ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"), ("RABBITMQ_NODE_PORT", _port.ToString(CultureInfo.InvariantCulture)),
            ("RABBITMQ_DIST_PORT", _nodesPort.ToString(CultureInfo.InvariantCulture)),
            ("RABBITMQ_MNESIA_BASE", Path.Combine(Folder, "data")), ("RABBITMQ_LOG_BASE", Path.Combine(Folder, "logs")),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", plugins), ("RABBITMQ_PID_FILE", Path.Combine(Folder, "pid")),
            ("RABBITMQ_CONF_ENV_FILE", Path.Combine(Folder, "none")), ("RABBITMQ_CONFIG_FILE", Configuration),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput +S 1:1")));
        await WhenStartedAsync(TryConnectAsync);
    }

    public override async Task MakeStreamAsync(string name, params string[] subjects)
    {
        await using IChannel channel = await Connection.CreateChannelAsync();
        await channel.QueueDeclareAsync(
            name, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "stream" });
        _streams.Add(name);
    }

    public override async Task DeleteStreamAsync(string name)
    {
        await using IChannel channel = await Connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(name, ifUnused: false, ifEmpty: false);
        _streams.Remove(name);
    }

    public override async Task SendAsync(string subject, IReadOnlyList<string> messages)
    {
        // After a start the broker listens before it has all its queues again.
        await BoundedWait.UntilAsync($"a queue {subject}", () => HasAsync(subject));
        CreateChannelOptions confirmed = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true);
        await using IChannel channel = await Connection.CreateChannelAsync(confirmed);
        foreach (string[] lot in messages.Chunk(100))
        {
            List<Task> sent = [];
            foreach (string message in lot)
            {
                byte[] body = Encoding.UTF8.GetBytes(message);
                sent.Add(channel.BasicPublishAsync("", subject, mandatory: true, new BasicProperties(), body).AsTask());
            }

            await Task.WhenAll(sent);
        }
    }

    /// <summary>It says that a queue is there, and writes that down some seconds later: killed before, it has never had it.</summary>
    public override async Task KillAsync()
    {
        string names = Path.Combine(Folder, "data", string.Create(CultureInfo.InvariantCulture, $"test{_port}@localhost"));
        await BoundedWait.UntilAsync("the broker to write down what it has", () =>
        {
            byte[][] written = [.. Directory.EnumerateFiles(names).Select(ReadShared)];
            return _streams.All(name => written.Any(bytes => bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(name)) >= 0));
        });
        await base.KillAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.CloseAsync(Constants.ReplySuccess, "", TimeSpan.FromSeconds(2), abort: true);
            await _connection.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    private async Task<bool> HasAsync(string name)
    {
        try
        {
            await using IChannel channel = await Connection.CreateChannelAsync();
            await channel.QueueDeclarePassiveAsync(name);
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == Constants.NotFound)
        {
            return false;
        }
    }

    private static byte[] ReadShared(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using MemoryStream bytes = new();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }

    private async Task<bool> TryConnectAsync()
    {
        try
        {
            _connection = await new ConnectionFactory { Uri = Address, AutomaticRecoveryEnabled = false }.CreateConnectionAsync();
            return true;
        }
        catch (BrokerUnreachableException)
        {
            return false;
        }
    }
}
