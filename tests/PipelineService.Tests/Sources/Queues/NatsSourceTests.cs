using NATS.Client.JetStream.Models;
using PipelineService.Sources;
using PipelineService.Sources.Queues;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>JetStream streams, at a nats-server of the machine.</summary>
public sealed class NatsSourceTests(NatsSourceTests.Stand stand) : QueueSourceTests(stand), IClassFixture<NatsSourceTests.Stand>
{
    protected override int FirstNumber => 1;

    protected override string Section => "NATS JetStream";

    private new NatsBroker Broker => (NatsBroker)base.Broker;

    [Fact]
    public async Task A_work_queue_is_let_go_of_what_was_taken()
    {
        await Broker.MakeStreamAsync(new StreamConfig("work", ["work"]) { Retention = StreamConfigRetention.Workqueue });
        await Broker.SendAsync("work", QueueService.MessagesOf(1, 500));
        await stand.ReadAsync("work", "'wait': 'PT0S', 'messages': 70");
        await stand.WhenAtAsync("work", 500);
        await BoundedWait.UntilAsync("an empty work queue", async () => await CountAsync("work") == 0);

        // One that was taken by a reader that did not come to tell comes again, and is taken no more.
        await stand.Api.PostAsync("/v1/sources/work/pause");
        await BoundedWait.UntilAsync("its consumer to be gone", async () => await ConsumersAsync("work") == 0);
        await Broker.SendAsync("work", QueueService.MessagesOf(501, 10));
        await stand.Database.ExecuteAsync("UPDATE pipeline.sources SET position = 504 WHERE name = 'work'");
        await stand.Api.PostAsync("/v1/sources/work/resume");
        await stand.WhenAtAsync("work", 510);

        await stand.AssertHasAsync("work", 506);
        await BoundedWait.UntilAsync("an empty work queue", async () => await CountAsync("work") == 0);
    }

    [Fact]
    public async Task Of_a_stream_a_part_is_taken_by_its_subject()
    {
        await Broker.MakeStreamAsync("parted", "parted.>");
        foreach (int i in Enumerable.Range(0, 4))
        {
            await Broker.SendAsync(i % 2 == 0 ? "parted.a" : "parted.b", QueueService.MessagesOf(i * 10, 10));
        }

        await stand.ReadAsync("parted", "'wait': 'PT0S', 'subject': 'parted.a'");

        await stand.WhenAtAsync("parted", 30);
        await stand.AssertHasAsync("parted", 20);
    }

    [Fact]
    public async Task What_limits_have_dropped_is_counted()
    {
        await Broker.MakeStreamAsync(new StreamConfig("bounded", ["bounded"]) { MaxMsgs = 5 });
        await Broker.SendAsync("bounded", QueueService.MessagesOf(1, 3));
        await stand.ReadAsync("bounded");
        await stand.WhenAtAsync("bounded", 3);
        await stand.Api.PostAsync("/v1/sources/bounded/pause");
        await BoundedWait.UntilAsync("its consumer to be gone", async () => await ConsumersAsync("bounded") == 0);
        await Broker.SendAsync("bounded", QueueService.MessagesOf(4, 12));
        await stand.Api.PostAsync("/v1/sources/bounded/resume");

        await stand.WhenAtAsync("bounded", 15);

        await stand.AssertHasAsync("bounded", 8);
        Assert.Equal(7, (int)(await stand.SourceAsync("bounded"))["lag"]!["skipped"]!);
    }

    [Fact]
    public async Task A_stream_that_keeps_nothing_for_readers_to_come_is_refused()
    {
        await Broker.MakeStreamAsync(new StreamConfig("interest", ["interest"]) { Retention = StreamConfigRetention.Interest });
        await stand.ReadAsync("interest");

        await stand.FailsAsync("interest", "retention \"interest\"");
    }

    /// <summary>Who is not known to us is not told anything.</summary>
    [Fact]
    public async Task With_TLS_the_broker_shows_who_it_is()
    {
        _ = Broker;
        using TemporaryFolder folder = new();
        OwnCertificate certificate = await OwnCertificate.MakeAsync("localhost", folder.Path);
        await using NatsBroker secured = new(certificate);
        await secured.StartAsync();
        await secured.MakeStreamAsync("secured");
        await secured.SendAsync("secured", QueueService.MessagesOf(1, 3));

        await using (NatsLog log = await OpenAsync(secured.Address, certificate.File))
        {
            Assert.Equal(3, (await log.ReadAsync(10, TimeSpan.Zero, TestContext.Current.CancellationToken)).Count);
        }

        SourceFaultException unknown = await Assert.ThrowsAsync<SourceFaultException>(() => OpenAsync(secured.Address, authority: null));
        Assert.Contains("cannot be reached", unknown.Message, StringComparison.Ordinal);
        Uri otherName = new(secured.Address.ToString().Replace("localhost", "127.0.0.1", StringComparison.Ordinal));
        await Assert.ThrowsAsync<SourceFaultException>(() => OpenAsync(otherName, certificate.File));
    }

    private static Task<NatsLog> OpenAsync(Uri address, string? authority) => NatsLog.OpenAsync(
        new BrokerOptions { Address = address, AuthorityFile = authority, Timeout = TimeSpan.FromSeconds(3) },
        new QueueSettings("nats", "secured", null, null, 10, 1_000, TimeSpan.Zero), "reader", at: null,
        TestContext.Current.CancellationToken);

    private async Task<long> CountAsync(string stream) => (await Broker.JetStream.GetStreamAsync(stream)).Info.State.Messages;

    private async Task<long> ConsumersAsync(string stream) => (await Broker.JetStream.GetStreamAsync(stream)).Info.State.ConsumerCount;

    public sealed class Stand(PostgresServer server) : BrokeredService(server)
    {
        public override string? Missing =>
            NatsBroker.IsInstalled ? null : "There is no nats-server here (Debian: apt-get install nats-server).";

        internal override TestBroker Broker { get; } = new NatsBroker();

        protected override string BrokerName => "nats";
    }
}
