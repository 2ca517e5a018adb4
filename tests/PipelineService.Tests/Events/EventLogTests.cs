using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Events;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>What happened, as those see it who ask: in pages, in streams, and of one job.</summary>
public sealed class EventLogTests(GuardedService running) : IClassFixture<GuardedService>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Every way of a job, each told once, in order, with enough to begin the next step.</summary>
    [Fact]
    public async Task Tells_of_everything_that_happens_to_a_job()
    {
        await running.Api.DeclareAsync("told", Readings.Definition("'load': { 'keepUpload': 'P1D' }"));
        JobView first = await running.Api.LoadAsync("told", Readings.Csv(3) + "4,x,y\n");
        JobView next = (await running.Api.ReplaceAsync("told", first.Id, Readings.Csv(2), ("Prefer", "wait=30"))).Job;
        await running.Api.RevertAsync(next.Id);
        JobView failed = await running.Api.LoadAsync("told", "nonsense\n1\n");
        Assert.Equal(JobState.Failed, failed.State);

        JsonNode[] events = await WhenAsync("told", $"job/{failed.Id}", "job.finished");

        Assert.Equal(
            [
                "dataset.version dataset/told",
                $"job.received job/{first.Id}", $"job.started job/{first.Id}", $"job.finished job/{first.Id}",
                $"job.received job/{next.Id}", $"job.started job/{next.Id}", $"job.replaced job/{first.Id}", $"job.finished job/{next.Id}",
                $"job.reverted job/{next.Id}",
                $"job.received job/{failed.Id}", $"job.started job/{failed.Id}", $"job.finished job/{failed.Id}",
            ],
            events.Select(e => $"{e["type"]} {e["subject"]}"));
        Assert.Equal(events.Length, events.Select(e => (string)e["id"]!).Distinct().Count());
        JsonNode end = events[3]["data"]!;
        Assert.Equal(
            ("partially_succeeded", 4, 3, 1, $"/v1/jobs/{first.Id}/dead-letters"),
            ((string)end["state"]!, (int)end["records"]!["read"]!, (int)end["records"]!["loaded"]!, (int)end["records"]!["rejected"]!,
                (string)end["links"]!["deadLetters"]!));
        Assert.Equal((next.Id.ToString(), 3), ((string)events[6]["data"]!["replacedBy"]!, (int)events[6]["data"]!["rows"]!));
        Assert.Equal((first.Id.ToString(), 2), ((string)events[7]["data"]!["replaces"]!, (int)events[8]["data"]!["rows"]!));
        Assert.Equal(("failed", failed.Error!.Code), ((string)events[11]["data"]!["state"]!, (string)events[11]["data"]!["error"]!));
        Assert.Equal(
            ("1.0", "/v1/datasets/told", "application/json", "told"),
            ((string)events[3]["specversion"]!, (string)events[3]["source"]!, (string)events[3]["datacontenttype"]!, (string)events[3]["dataset"]!));
    }

    /// <summary>A job that a later upload of its dataset took the place of, and that came back when that was reverted.</summary>
    [Fact]
    public async Task Tells_of_rows_that_gave_way_and_came_back()
    {
        await running.Api.DeclareAsync("whole", """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer' }, { 'name': 'name', 'type': 'string' }, { 'name': 'amount', 'type': 'number' } ],
                          'primaryKey': ['id'] },
              'load': { 'mode': 'replace' }, 'lookup': { 'key': ['id'] } }
            """);
        JobView first = await running.Api.LoadAsync("whole", Readings.Csv(1));
        JobView second = await running.Api.LoadAsync("whole", Readings.Csv(2));
        Assert.Equal(HttpStatusCode.OK, (await running.Api.RevertAsync(second.Id)).Status);

        JsonNode[] events = await WhenAsync("whole", $"job/{second.Id}", "job.reverted");

        Assert.Equal(
            [$"job.replaced job/{first.Id}", $"job.restored job/{first.Id}", $"job.reverted job/{second.Id}"],
            events.Where(e => (string)e["type"]! is "job.replaced" or "job.restored" or "job.reverted")
                .Select(e => $"{e["type"]} {e["subject"]}").Order());
    }

    /// <summary>A page says where it ended, and what comes behind it is had by asking on.</summary>
    [Fact]
    public async Task Pages_go_on_where_the_one_before_ended()
    {
        await running.Api.DeclareAsync("paged", Readings.Definition());
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => running.Api.LoadAsync("paged", Readings.Csv(1))));
        await BoundedWait.UntilAsync("five ends", async () => (await PageAsync("/v1/events?dataset=paged&types=job.finished"))["items"]!.AsArray().Count == 5);

        List<string> seen = [];
        string? next = "/v1/events?dataset=paged&types=job.received,job.finished&limit=3";
        while (next is not null)
        {
            JsonNode page = await PageAsync(next);
            seen.AddRange(page["items"]!.AsArray().Select(e => (string)e!["position"]!));
            next = (string?)page["next"];
            Assert.True((long)page["after"]! <= (long)page["head"]!);
        }

        Assert.Equal(10, seen.Distinct().Count());
        Assert.Equal(seen.OrderBy(position => long.Parse(position, CultureInfo.InvariantCulture)), seen);
    }

    [Fact]
    public async Task Nobody_is_told_of_what_is_another_s()
    {
        Api acme = await running.MakeDatasetAsync("acme_told", "acme");
        Api globex = await running.MakeDatasetAsync("globex_told", "globex");
        (string plain, _) = await running.MakeKeyAsync("told by source", "ingest read", ", 'tenant': 'acme', 'source': 'north'");
        await acme.LoadAsync("acme_told", Readings.Csv(1));
        await globex.LoadAsync("globex_told", Readings.Csv(1));
        JobView north = await running.With(plain).LoadAsync("acme_told", Readings.Csv(1));
        await WhenAsync("acme_told", $"job/{north.Id}", "job.finished");
        await BoundedWait.UntilAsync("the other's end", async () => (await PageAsync("/v1/events?dataset=globex_told&types=job.finished"))["items"]!.AsArray().Count == 1);

        Assert.Equal(["acme_told"], await SeenAsync(acme, "dataset"));
        Assert.Equal(["globex_told"], await SeenAsync(globex, "dataset"));
        Assert.Equal(["dataset/acme_told", $"job/{north.Id}"], await SeenAsync(running.With(plain), "subject"));

        static async Task<IEnumerable<string>> SeenAsync(Api api, string member) =>
            JsonNode.Parse((await api.GetAsync("/v1/events?limit=1000")).Body)!["items"]!.AsArray()
                .Select(e => (string)e![member]!).Distinct().Order();
    }

    /// <summary>Live, and after a while away from where it was, whether that is in memory or in the database.</summary>
    [Fact]
    public async Task A_stream_goes_on_behind_the_last_event_that_was_had()
    {
        await running.Api.DeclareAsync("streamed", Readings.Definition());
        string path = "/v1/events?dataset=streamed&types=job.finished";
        JobView first, second, third;
        long last;
        using (SseClient live = await SseClient.OpenAsync(running.Service.Client, path))
        {
            Assert.Equal("no", live.Response.Headers.GetValues("X-Accel-Buffering").Single());
            Assert.True(live.Response.Headers.CacheControl!.NoStore);
            first = await running.Api.LoadAsync("streamed", Readings.Csv(1));
            SseEvent told = (await live.NextAsync().Within("the first end"))!;
            Assert.Equal(("job.finished", $"job/{first.Id}"), (told.Type, (string)JsonNode.Parse(told.Data)!["subject"]!));
            Assert.Equal(told.Id!.Value.ToString(CultureInfo.InvariantCulture), (string)JsonNode.Parse(told.Data)!["position"]!);
            last = told.Id.Value;
        }

        second = await running.Api.LoadAsync("streamed", Readings.Csv(1));
        third = await running.Api.LoadAsync("streamed", Readings.Csv(1));
        using SseClient again = await SseClient.OpenAsync(running.Service.Client, path + "&after=0", last);
        SseEvent[] rest = [(await again.NextAsync().Within("the second end"))!, (await again.NextAsync().Within("the third end"))!];
        Assert.Equal([$"job/{second.Id}", $"job/{third.Id}"], rest.Select(e => (string)JsonNode.Parse(e.Data)!["subject"]!));

        using SseClient beyond = await SseClient.OpenAsync(running.Service.Client, path, lastId: 1_000_000_000);
        SseEvent reset = (await beyond.NextAsync().Within("the reset"))!;
        Assert.Equal(("reset", "ahead"), (reset.Type, (string)JsonNode.Parse(reset.Data)!["reason"]!));
        Assert.Equal(reset.Id, (long)JsonNode.Parse(reset.Data)!["head"]!);
    }

    [Fact]
    public async Task A_stream_ends_when_its_key_is_revoked()
    {
        (string text, string id) = await running.MakeKeyAsync("streams", "read");
        using HttpClient http = new() { BaseAddress = running.Service.Client.BaseAddress };
        GuardedService.Authorize(http, text);
        using SseClient stream = await SseClient.OpenAsync(http, "/v1/events?types=job.reverted&dataset=none_such");
        Task<SseEvent?> next = stream.NextAsync();

        Assert.Equal(HttpStatusCode.NoContent, (await running.Api.DeleteAsync($"/v1/keys/{id}")).Status);

        Assert.Null(await next.Within("the stream to end"));
    }

    /// <summary>While it is loaded progress is told, and the end is the one of the log.</summary>
    [Fact]
    public async Task A_job_is_followed_to_its_end()
    {
        await running.Api.DeclareAsync("followed", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "followed", id: 1);
        JobView job = (await running.Api.UploadAsync("followed", Readings.Csv(1))).Job;
        using SseClient stream = await SseClient.OpenAsync(running.Service.Client, $"/v1/jobs/{job.Id}/events");
        SseEvent progress = (await stream.NextAsync().Within("progress"))!;
        Assert.Equal(("job.progress", (long?)null), (progress.Type, progress.Id));
        Assert.Equal(job.Id.ToString(), (string)JsonNode.Parse(progress.Data)!["id"]!);

        await gate.OpenAsync();
        List<SseEvent> told = [];
        while (await stream.NextAsync().Within("the end") is { } one)
        {
            told.Add(one);
        }

        Assert.Equal("job.finished", told[^1].Type);
        Assert.Equal(["job.received", "job.started", "job.finished"], told.Select(e => e.Type).Where(type => type != "job.progress"));
        Assert.Equal("succeeded", (string)JsonNode.Parse(told.Last(e => e.Type == "job.progress").Data)!["state"]!);
        Assert.Equal(
            HttpStatusCode.NoContent,
            (await running.Api.GetAsync($"/v1/jobs/{job.Id}/events", ("Last-Event-ID", $"{told[^1].Id}"))).Status);
    }

    /// <summary>Its place costs nobody more than what the connection holds back, and comes back.</summary>
    [Fact]
    public async Task There_are_so_many_streams_and_those_that_are_not_read_are_left()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            running.Database.ConnectionString,
            [("Events:StreamsMax", "2"), ("Hosting:ReaderStallTimeout", "00:00:01"), ("Access:AdminKey", GuardedService.AdminKey)],
            running.Service.SpoolDirectory);
        GuardedService.Authorize(service.Client, GuardedService.AdminKey);
        EventFeed feed = service.Services.GetRequiredService<EventFeed>();

        // So much that no buffer holds it.
        const int Many = 800;
        await running.Database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO pipeline.events (type, dataset, version, data)
            SELECT 'dataset.version', 'crowd', 1, json_build_object('text', repeat('x', 8000)) FROM generate_series(1, {Many})
            """));
        using RawConnection silent = await RawConnection.OpenAsync(
            service.Client.BaseAddress!,
            "GET /v1/events?dataset=crowd&after=0 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                + $"Authorization: Bearer {GuardedService.AdminKey}\r\n\r\n",
            receiveBytes: 4096);
        await silent.ReadUntilAsync("retry: 2000");
        using SseClient reading = await SseClient.OpenAsync(service.Client, "/v1/events?dataset=crowd&after=0");
        using HttpRequestMessage third = new(HttpMethod.Get, new Uri("/v1/events", UriKind.Relative));
        third.Headers.Add("Accept", "text/event-stream");
        using HttpResponseMessage refused = await service.Client.SendAsync(third, Token);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "10"), (refused.StatusCode, refused.Headers.RetryAfter!.ToString()));

        for (int i = 0; i < Many; i++)
        {
            Assert.NotNull(await reading.NextAsync().Within("the next event"));
        }

        await BoundedWait.UntilAsync("the silent one to be left", () => feed.Dropped > 0);
        Assert.True(feed.IsFollowed);

        // A stop ends those that are read.
        Task stop = service.StopAsync();
        while (await reading.NextAsync().Within("the stream to end") is not null)
        {
        }

        await stop.Within("the stop");
    }

    private async Task<JsonNode> PageAsync(string path)
    {
        ApiAnswer answer = await running.Api.GetAsync(path);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return JsonNode.Parse(answer.Body)!;
    }

    /// <summary>The events of a dataset, when this one is among them.</summary>
    private async Task<JsonNode[]> WhenAsync(string dataset, string subject, string type)
    {
        JsonNode[] events = [];
        await BoundedWait.UntilAsync($"{type} of {subject}", async () =>
        {
            events = [.. (await PageAsync($"/v1/events?dataset={dataset}&limit=1000"))["items"]!.AsArray().Select(e => e!)];
            return events.Any(e => (string)e["subject"]! == subject && (string)e["type"]! == type);
        });
        return events;
    }
}
