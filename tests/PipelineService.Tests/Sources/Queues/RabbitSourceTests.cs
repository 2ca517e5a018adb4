using PipelineService.Sources;
using PipelineService.Sources.Queues;
using PipelineService.Tests.Infrastructure;
using RabbitMQ.Client;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>Streams of RabbitMQ, at a rabbitmq-server of the machine.</summary>
public sealed class RabbitSourceTests(RabbitSourceTests.Stand stand) : QueueSourceTests(stand), IClassFixture<RabbitSourceTests.Stand>
{
    protected override int FirstNumber => 0;

    protected override string Section => "RabbitMQ";

    [Theory]
    [InlineData("classic")]
    [InlineData("quorum")]
    public async Task A_queue_that_is_no_stream_is_refused_and_left_as_it_is(string type)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        await using IChannel channel = await ((RabbitBroker)Broker).Connection.CreateChannelAsync(cancellationToken: token);
        await channel.QueueDeclareAsync(
            type, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = type },
            cancellationToken: token);
        await Broker.SendAsync(type, QueueService.MessagesOf(1, 1));
        await stand.ReadAsync(type);

        await stand.FailsAsync(type, "is no stream");

        BasicGetResult message = (await channel.BasicGetAsync(type, autoAck: false, token))!;
        Assert.False(message.Redelivered);
    }

    /// <summary>Who is not known to us is not told anything.</summary>
    [Fact]
    public async Task With_TLS_the_broker_shows_who_it_is()
    {
        var broker = (RabbitBroker)Broker;
        await broker.MakeStreamAsync("secured");
        await broker.SendAsync("secured", QueueService.MessagesOf(1, 3));

        await using (RabbitLog log = await OpenAsync(broker.SecureAddress, broker.AuthorityFile))
        {
            Assert.NotEmpty(await log.ReadAsync(10, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        }

        SourceFaultException unknown = await Assert.ThrowsAsync<SourceFaultException>(() => OpenAsync(broker.SecureAddress, authority: null));
        Assert.Contains("cannot be reached", unknown.Message, StringComparison.Ordinal);
        Uri otherName = new(broker.SecureAddress.ToString().Replace("localhost", "127.0.0.1", StringComparison.Ordinal));
        await Assert.ThrowsAsync<SourceFaultException>(() => OpenAsync(otherName, broker.AuthorityFile));
    }

    private static Task<RabbitLog> OpenAsync(Uri address, string? authority) => RabbitLog.OpenAsync(
        new BrokerOptions { Address = address, AuthorityFile = authority, Timeout = TimeSpan.FromSeconds(10) },
        new QueueSettings("rabbit", "secured", null, null, 10, 1_000, TimeSpan.Zero), "reader", at: null,
        TestContext.Current.CancellationToken);

    public sealed class Stand(PostgresServer server) : BrokeredService(server)
    {
        public override string? Missing =>
            RabbitBroker.IsInstalled ? null : "There is no rabbitmq-server here (Debian: apt-get install rabbitmq-server).";

        internal override TestBroker Broker { get; } = new RabbitBroker();

        protected override string BrokerName => "rabbit";
    }
}
