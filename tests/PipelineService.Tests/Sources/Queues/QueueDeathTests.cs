using System.Globalization;
using System.Net;
using System.Text;
using NATS.Client.JetStream.Models;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>
/// The service dies while it takes messages, at a step of that, and the broker dies under it; every message is a record once.
/// </summary>
public sealed class QueueDeathTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>
    /// By hand: how many messages there are, how often service and broker are killed besides, at times by chance, and which broker.
    /// </summary>
    private const string MessagesVariable = "PIPELINE_QUEUE_MESSAGES";

    private const string DeathsVariable = "PIPELINE_QUEUE_DEATHS";

    private const string BrokerVariable = "PIPELINE_QUEUE_BROKER";

    private const string Nats = "nats";
    private const string Rabbit = "rabbit";

    /// <summary>Of those that are installed.</summary>
    public static readonly TheoryData<string> OneBroker = Environment.GetEnvironmentVariable(BrokerVariable) is { } asked
        ? [asked]
        : OneForm.Of(RabbitBroker.IsInstalled ? [Nats, Rabbit] : [Nats]);

    /// <summary>How many of them are no records.</summary>
    private const int Malformed = 7;

    /// <summary>The steps in which something is durable and something else is not.</summary>
    private static readonly string[] Deaths =
        ["SourceReading:kill:2", "DirectoryFlushed:kill:2", "JobRegistering:kill:2", "JobRegistered:kill:2", "SourceTaken:kill:2"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(OneBroker))]
    public async Task Each_message_is_taken_once(string name)
    {
        if (name == Nats)
        {
            Assert.SkipUnless(NatsBroker.IsInstalled, "There is no nats-server here (Debian: apt-get install nats-server).");
            await TakeAsync(name, new NatsBroker(), broker => broker.MakeStreamAsync(
                new StreamConfig(name, [name]) { Retention = StreamConfigRetention.Workqueue }));
        }
        else
        {
            Assert.SkipUnless(RabbitBroker.IsInstalled, "There is no rabbitmq-server here (Debian: apt-get install rabbitmq-server).");
            await TakeAsync(name, new RabbitBroker(), broker => broker.MakeStreamAsync(name));
        }
    }

    private async Task TakeAsync<T>(string name, T broker, Func<T, Task> makeStream)
        where T : TestBroker
    {
        int messages = Number(MessagesVariable, 600);
        int deaths = Number(DeathsVariable, 0);
        await using TestBroker held = broker;
        await broker.StartAsync();
        await makeStream(broker);
        await broker.SendAsync(name, [.. QueueService.MessagesOf(1, messages), .. Enumerable.Repeat("{ no record", Malformed)]);

        // At a step of taking; then the broker, under the one that goes on; by hand either, whenever it comes.
        await using DyingService service = new(
            database.ConnectionString, ("Sources__PollInterval", "00:00:00.1"), ($"Sources__Brokers__{name}__Address", broker.Address.ToString()),
            ($"Sources__Brokers__{name}__Timeout", "00:00:05"), ("Spool__ChunkBytes", "65536"));
        bool isDeclared = false;
        foreach (string death in (string[])[Random.Shared.GetItems(Deaths, 1)[0], .. Enumerable.Repeat("by chance", deaths), ""])
        {
            TestContext.Current.SendDiagnosticMessage("{0} dies: {1}", name, death);
            Assert.True(
                await service.StartAsync(death.Contains(':', StringComparison.Ordinal) ? death : "") || death.Length > 0, service.Process.Log);
            isDeclared = isDeclared || await TryDeclareAsync(service.Http, name, Math.Max(50, messages / 50));
            if (death == "by chance")
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(500, 6000)), TimeProvider.System, Token);
                if (Random.Shared.Next(2) == 0)
                {
                    await service.Process.KillAsync();
                    continue;
                }
            }

            if (death.Length == 0 || death == "by chance")
            {
                await broker.KillAsync();
                await broker.StartAsync();
            }

            if (death != "by chance")
            {
                long limit = TimeProvider.System.GetTimestamp();
                while (!service.Process.HasExited && !await IsDoneAsync(name, messages))
                {
                    TimeSpan age = TimeProvider.System.GetElapsedTime(limit);
                    Assert.True(age < TimeSpan.FromSeconds(40 + (messages / 500)), $"{death}\n{service.Process.Log}");
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
                }

                Assert.True(death.Length > 0 || !service.Process.HasExited, service.Process.Log);
            }
        }

        Assert.Equal(messages, await database.ScalarAsync<long>($"SELECT count(*) FROM {name}"));
        Assert.Equal(messages, await database.ScalarAsync<long>($"SELECT count(DISTINCT id) FROM {name}"));
        Assert.Equal(Malformed, await database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.dead_letters d JOIN pipeline.jobs j ON j.id = d.job_id WHERE j.dataset = '{name}'"));
        Assert.Equal(
            messages + Malformed,
            await database.ScalarAsync<long>($"SELECT sum(records_read)::bigint FROM pipeline.jobs WHERE dataset = '{name}'"));
        Assert.Equal(0, await database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{name}' AND state NOT IN ('succeeded', 'partially_succeeded')"));
        Assert.Equal(
            await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{name}'"),
            await database.ScalarAsync<long>($"SELECT taken FROM pipeline.sources WHERE name = '{name}'"));
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>All are taken, and their jobs have ended.</summary>
    private Task<bool> IsDoneAsync(string name, int messages) => database.ScalarAsync<bool>(string.Create(CultureInfo.InvariantCulture, $"""
        SELECT coalesce((SELECT sum(records_read) FROM pipeline.jobs WHERE dataset = '{name}'), 0) >= {messages + Malformed}
           AND NOT EXISTS (SELECT FROM pipeline.jobs WHERE finished_at IS NULL)
        """));

    /// <returns>False when it died before, as it may: it reads at once.</returns>
    private static async Task<bool> TryDeclareAsync(HttpClient http, string name, int batch)
    {
        Api api = new(http);
        try
        {
            await api.DeclareAsync(name, Readings.Definition($"'load': {{ 'table': 'public.{name}', 'commit': 'chunk' }}"));
            using StringContent body = new(
                $$"""
                { "dataset": "{{name}}",
                  "queue": { "broker": "{{name}}", "stream": "{{name}}", "messages": {{batch}}, "wait": "PT0S" } }
                """,
                Encoding.UTF8, "application/json");
            return (await api.PutAsync($"/v1/sources/{name}", body)).Status is HttpStatusCode.Created or HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
