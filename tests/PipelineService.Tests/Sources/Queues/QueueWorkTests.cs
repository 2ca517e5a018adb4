using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PipelineService.Sources;
using PipelineService.Sources.Queues;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>What is taken of a queue is what the position says, whatever happens to the log and between the instances.</summary>
public sealed class QueueWorkTests(QueueWorkTests.Stand stand) : IClassFixture<QueueWorkTests.Stand>
{
    private FakeLogs Logs => stand.Logs;

    [Fact]
    public async Task Messages_become_uploads_and_the_position_moves_with_them()
    {
        FakeLog log = LogOf("taken", 1, 25);
        await stand.ReadAsync("taken", "'wait': 'PT0S', 'messages': 10", ", 'source': 'devices'");

        await stand.WhenAtAsync("taken", 25);

        await stand.AssertHasAsync("taken", 25);
        JsonNode source = await stand.SourceAsync("taken");
        Assert.Equal(("active", 3, 0), ((string)source["state"]!, (int)source["taken"]!, (int)source["refused"]!));
        Assert.Equal(25, (int)source["queue"]!["position"]!);
        Assert.Equal(["21-25", "11-20", "1-10"], (await stand.ObjectsAsync("taken")).Select(item => (string)item!["object"]!));
        Assert.All(await stand.ObjectsAsync("taken"), item => Assert.True((bool)item!["putAway"]!));
        Assert.Equal(3, await stand.Database.ScalarAsync<long>("""
            SELECT count(*) FROM pipeline.jobs WHERE dataset = 'taken' AND source = 'devices' AND content_type = 'application/x-ndjson'
            """));
        await BoundedWait.UntilAsync("the broker to be told", () => log.Done.Count == 3);
        Assert.Equal([10, 20, 25], log.Done);
    }

    /// <summary>What another instance has taken is not taken here, though it was read.</summary>
    [Fact]
    public async Task Whoever_is_overtaken_begins_anew_behind_the_other()
    {
        FakeLog log = LogOf("overtaken", 1, 10);
        await stand.ReadAsync("overtaken");
        await stand.WhenAtAsync("overtaken", 10);
        await stand.Database.ExecuteAsync("UPDATE pipeline.sources SET position = 15 WHERE name = 'overtaken'");

        foreach (int number in Enumerable.Range(11, 10))
        {
            log.Add(number, QueueService.MessageOf(number));
        }

        await stand.WhenAtAsync("overtaken", 20);

        await stand.AssertHasAsync("overtaken", 15);
        Assert.Equal(0, await stand.Database.ScalarAsync<long>("SELECT count(*) FROM overtaken WHERE id BETWEEN 11 AND 15"));
        lock (Logs.Opened)
        {
            Assert.Equal([null, 15L], Logs.Opened.Where(opened => opened.Stream == "overtaken").Select(opened => opened.At));
        }

        stand.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task A_message_that_cannot_be_taken_costs_itself()
    {
        FakeLog log = LogOf("refused", 1, 20);
        log.Add(21, $$"""{"id":21,"name":"{{new string('x', QueueService.BodyBytesMax)}}"}""");
        foreach (int number in Enumerable.Range(22, 20))
        {
            log.Add(number, QueueService.MessageOf(number));
        }

        await stand.ReadAsync("refused", "'wait': 'PT0S', 'bytes': 1048576");
        await stand.WhenAtAsync("refused", 41);

        await stand.AssertHasAsync("refused", 40);
        JsonNode refused = Assert.Single(await stand.ObjectsAsync("refused"), item => (string)item!["state"]! == "refused")!;
        Assert.Equal(("21", "body_too_large"), ((string)refused["object"]!, (string)refused["error"]!["code"]!));
        Assert.Equal(1, (int)(await stand.SourceAsync("refused"))["refused"]!);
    }

    [Fact]
    public async Task What_the_broker_has_dropped_is_counted_once()
    {
        FakeLog log = LogOf("dropped", 1, 5);
        await stand.ReadAsync("dropped");
        await stand.WhenAtAsync("dropped", 5);
        log.FirstKept = 12;
        log.Add(12, QueueService.MessageOf(12));
        log.Fault = new SourceFaultException("The connection was lost.");

        await stand.WhenAtAsync("dropped", 12);

        await stand.AssertHasAsync("dropped", 6);
        Assert.Equal(6, (int)(await stand.SourceAsync("dropped"))["lag"]!["skipped"]!);
    }

    [Fact]
    public async Task While_it_is_paused_nothing_is_taken()
    {
        FakeLog log = LogOf("paused", 1, 5);
        await stand.ReadAsync("paused");
        await stand.WhenAtAsync("paused", 5);
        await stand.Api.PostAsync("/v1/sources/paused/pause");
        await BoundedWait.UntilAsync("it to be let go of", async () =>
            !await stand.Database.ScalarAsync<bool>("SELECT paused IS FALSE FROM pipeline.sources WHERE name = 'paused'"));
        log.Add(6, QueueService.MessageOf(6));
        Assert.Equal("paused", (string)(await stand.SourceAsync("paused"))["state"]!);

        await stand.Api.PostAsync("/v1/sources/paused/resume");
        await stand.WhenAtAsync("paused", 6);

        await stand.AssertHasAsync("paused", 6);
    }

    [Fact]
    public async Task Of_its_batches_the_latest_are_kept()
    {
        LogOf("kept", 1, 1);
        await stand.ReadAsync("kept");
        await stand.WhenAtAsync("kept", 1);
        await stand.Database.ExecuteAsync("""
            INSERT INTO pipeline.source_objects (source, object, version, bytes, state, job_id, put_away)
            SELECT s.id, 'older ' || i, 'x', 1, 'taken', s.id, true FROM pipeline.sources s, generate_series(1, 1500) i WHERE s.name = 'kept'
            """);
        Logs.Logs["kept"].Add(2, QueueService.MessageOf(2));
        await stand.WhenAtAsync("kept", 2);

        Assert.Equal(1000, await stand.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.source_objects WHERE source = (SELECT id FROM pipeline.sources WHERE name = 'kept')"));
        Assert.Equal("2", (string)(await stand.ObjectsAsync("kept"))[0]!["object"]!);
    }

    [Fact]
    public async Task All_faults_of_a_declaration_are_told_at_once()
    {
        ApiAnswer answer = await stand.PutAsync("faulty", """
            { 'dataset': 'nowhere', 'contentType': 'text/csv',
              'queue': { 'broker': 'nats://10.0.0.1', 'stream': '', 'subject': 'a..b', 'from': -1, 'messages': 0, 'bytes': 1, 'wait': 'PT1H',
                         'ack': 'none' } }
            """);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_source"), (answer.Status, answer.Problem.Code));
        Assert.Equal(
            [
                "/contentType", "/dataset", "/queue/ack", "/queue/broker", "/queue/bytes", "/queue/from", "/queue/messages", "/queue/stream",
                "/queue/subject", "/queue/wait",
            ],
            answer.Problem.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("It has fake.", Assert.Single(answer.Problem.Errors["/queue/broker"]), StringComparison.Ordinal);
        ApiAnswer both = await stand.PutAsync("faulty", "{ 'queue': { 'broker': 'fake', 'stream': 'x' }, 'folder': { 'root': 'x' } }");
        Assert.Contains("/folder", both.Problem.Errors!.Keys);
    }

    private FakeLog LogOf(string name, int first, int count)
    {
        FakeLog log = new();
        foreach (int number in Enumerable.Range(first, count))
        {
            log.Add(number, QueueService.MessageOf(number));
        }

        Logs.Logs.Add(name, log);
        return log;
    }

    /// <summary>A service whose queues are in memory.</summary>
    public sealed class Stand(PostgresServer server) : QueueService(server)
    {
        internal FakeLogs Logs => (FakeLogs)Service.Services.GetRequiredService<MessageLogs>();

        protected override string BrokerName => "fake";

        protected override Uri BrokerAddress => new("nats://127.0.0.1:1");

        protected override void Configure(IServiceCollection services) =>
            services.AddSingleton<MessageLogs>(provider => new FakeLogs(provider.GetRequiredService<IOptions<SourcesOptions>>()));
    }
}
