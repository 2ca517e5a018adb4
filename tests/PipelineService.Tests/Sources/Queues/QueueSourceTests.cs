using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>What is true of every broker, at a real one.</summary>
public abstract class QueueSourceTests(BrokeredService stand)
{
    /// <summary>The number that the broker gives the first message of a stream.</summary>
    protected abstract int FirstNumber { get; }

    /// <summary>The heading of the page's section.</summary>
    protected abstract string Section { get; }

    internal TestBroker Broker
    {
        get
        {
            Assert.SkipWhen(stand.Missing is not null, stand.Missing ?? "");
            return stand.Broker;
        }
    }

    [Fact]
    public async Task Each_message_is_a_record()
    {
        await Broker.MakeStreamAsync("records");
        string[] others = ["{\n  \"id\": 301,\n  \"name\": \"printed\"\n}\n", "no JSON", "", "[{\"id\": 1}]"];
        await Broker.SendAsync("records", [.. QueueService.MessagesOf(1, 300), .. others]);
        await stand.ReadAsync("records", "'messages': 1000", ", 'source': 'devices'");

        await stand.WhenAtAsync("records", FirstNumber + 303);

        await stand.AssertHasAsync("records", 301);
        JsonNode taken = (await stand.ObjectsAsync("records"))[0]!;
        JobView job = await stand.Api.WhenFinalAtLastAsync((Guid)taken["jobId"]!);
        Assert.Equal((JobState.PartiallySucceeded, "devices", 3), (job.State, job.Source, job.Records.Rejected));
        string[] letters = await stand.DeadLettersAsync(job);
        Assert.All(letters, letter => Assert.Contains(" malformed_json ", letter, StringComparison.Ordinal));

        // The n-th record of a job is the n-th message of its batch.
        int first = int.Parse(((string)taken["object"]!).Split('-')[0], CultureInfo.InvariantCulture);
        Assert.Equal(
            [FirstNumber + 301, FirstNumber + 302, FirstNumber + 303],
            letters.Select(letter => first + int.Parse(letter.Split(':')[0], CultureInfo.InvariantCulture) - 1));
        await stand.WhenNothingWaitsAsync("records");
    }

    [Fact]
    public async Task A_source_begins_where_it_is_told_to()
    {
        await Broker.MakeStreamAsync("begun");
        await Broker.SendAsync("begun", QueueService.MessagesOf(1, 10));
        await stand.ReadAsync("begun", $"'wait': 'PT0S', 'from': {FirstNumber + 6}");

        await stand.WhenAtAsync("begun", FirstNumber + 9);

        await stand.AssertHasAsync("begun", 4);
    }

    /// <summary>Killed between messages that were taken and messages that were not, and begun anew with the same streams.</summary>
    [Fact]
    public async Task A_broker_that_dies_is_awaited_and_costs_nothing()
    {
        await Broker.MakeStreamAsync("dying");
        await Broker.SendAsync("dying", QueueService.MessagesOf(1, 200));
        await stand.ReadAsync("dying", "'wait': 'PT0S', 'messages': 50");
        await stand.WhenAtAsync("dying", FirstNumber + 199);

        await Broker.KillAsync();
        await stand.FailsAsync("dying", "The broker");
        await Broker.StartAsync();
        await Broker.SendAsync("dying", QueueService.MessagesOf(201, 100));

        await stand.WhenAtAsync("dying", FirstNumber + 299);
        await stand.AssertHasAsync("dying", 300);
        await stand.WhenNothingWaitsAsync("dying");
    }

    [Fact]
    public async Task A_stream_that_was_made_anew_is_not_taken_for_the_old_one()
    {
        await Broker.MakeStreamAsync("anew");
        await Broker.SendAsync("anew", QueueService.MessagesOf(1, 10));
        await stand.ReadAsync("anew");
        await stand.WhenAtAsync("anew", FirstNumber + 9);
        await stand.Api.PostAsync("/v1/sources/anew/pause");
        await Broker.DeleteStreamAsync("anew");
        await Broker.MakeStreamAsync("anew");
        await Broker.SendAsync("anew", QueueService.MessagesOf(101, 20));

        await stand.Api.PostAsync("/v1/sources/anew/resume");

        await stand.FailsAsync("anew", "made anew");
        await stand.AssertHasAsync("anew", 10);
        Assert.Equal(HttpStatusCode.NoContent, (await stand.Api.DeleteAsync("/v1/sources/anew")).Status);
        await stand.ReadAsync("anew_2", stream: "anew");
        await stand.WhenAtAsync("anew_2", FirstNumber + 19);
        await stand.AssertHasAsync("anew_2", 20);
    }

    [Fact]
    public async Task A_stream_that_is_not_there_is_told_of_and_awaited()
    {
        _ = Broker;
        await stand.ReadAsync("missing");
        await stand.FailsAsync("missing", "The broker 127.0.0.1 answers");

        await Broker.MakeStreamAsync("missing");
        await Broker.SendAsync("missing", QueueService.MessagesOf(1, 3));

        await stand.WhenAtAsync("missing", FirstNumber + 2);
        await stand.AssertHasAsync("missing", 3);
    }

    [Fact]
    public async Task The_page_shows_what_works()
    {
        string section = MarkdownText.Section(RepositoryFiles.Read("docs", "sources.md"), Section);
        string body = Assert.Single(MarkdownText.Blocks(section, "json"));
        var declared = JsonNode.Parse(body)!;
        string stream = (string)declared["queue"]!["stream"]!;
        string subject = ((string?)declared["queue"]!["subject"])?.Replace('*', 'x').Replace('>', 'x') ?? stream;
        await Broker.MakeStreamAsync(stream, subject);
        await stand.Api.DeclareAsync((string)declared["dataset"]!, Readings.Definition());
        Assert.Equal(HttpStatusCode.Created, (await stand.PutAsync("page", body)).Status);
        await Broker.SendAsync(subject, MarkdownText.Blocks(section, "ndjson").Single().Split('\n', StringSplitOptions.RemoveEmptyEntries));

        string shown = Assert.Single(MarkdownText.Blocks(section, "text"));
        await stand.WhenAtAsync("page", (long)JsonNode.Parse(shown)!["queue"]!["position"]!);

        await stand.WhenNothingWaitsAsync("page");
        SourcesPageTests.AssertShows(shown, await stand.SourceAsync("page"));
    }
}

/// <summary>A service, and a broker that it reads from, where that is installed.</summary>
public abstract class BrokeredService(PostgresServer server) : QueueService(server), IAsyncLifetime
{
    /// <summary>Why there is none; null when there is.</summary>
    public abstract string? Missing { get; }

    internal abstract TestBroker Broker { get; }

    protected override Uri BrokerAddress => Broker.Address;

    async ValueTask IAsyncLifetime.InitializeAsync()
    {
        if (Missing is null)
        {
            await Broker.StartAsync();
            await InitializeAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (Missing is null)
        {
            await base.DisposeAsync();
        }

        await Broker.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
