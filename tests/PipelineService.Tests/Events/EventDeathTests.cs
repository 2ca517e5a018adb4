using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Events;

/// <summary>
/// The process dies while it tells: whoever follows misses nothing and hears nothing twice, and a webhook can tell that it knows it.
/// </summary>
public sealed class EventDeathTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_sent_and_not_marked_is_sent_again_under_its_id_and_a_stream_goes_on_where_it_was()
    {
        await using WebhookReceiver receiver = await WebhookReceiver.StartAsync();
        List<SseEvent> seen = [];
        string? secret = null;
        int uploads = 0;
        foreach (string fault in (string[])["WebhookSent:kill:1", "EventsNumbered:kill:15", ""])
        {
            int port = ServiceProcess.FreePort();
            await using ServiceProcess service = Start(port, fault);
            if (!await service.WaitUntilReadyAsync(Token))
            {
                Assert.True(fault.Length > 0, service.Log);
                continue; // it has numbered so often before anybody saw that it was there
            }

            using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
            Api api = new(http);
            if (secret is null)
            {
                await api.DeclareAsync("dying", Readings.Definition());
                using StringContent body = new(
                    $$"""{ "url": "{{receiver.Address}}/dying", "types": ["job.finished"] }""", Encoding.UTF8, "application/json");
                secret = (string)JsonNode.Parse((await api.PutAsync("/v1/webhooks/dying", body)).Body)!["secret"]!;
            }

            // What this process has taken it over with is due at once, as it would be when the claim ends.
            await database.ExecuteAsync("UPDATE pipeline.deliveries SET next_at = now() WHERE state = 'pending'");
            SseClient? stream = null;
            try
            {
                stream = await SseClient.OpenAsync(http, "/v1/events?after=0", seen.LastOrDefault()?.Id);
                do
                {
                    await api.UploadAsync("dying", Readings.Csv(1));
                    uploads++;
                }
                while (fault.Length > 0);

                await BoundedWait.UntilAsync("all jobs to end", async () =>
                    await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL") == 0);
                while (seen.Count(e => e.Type == "job.finished") < await FinishedAsync())
                {
                    seen.Add((await stream.NextAsync().Within("the next event"))!);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException && fault.Length > 0)
            {
                await service.WaitForExitAsync(Token);
                await (stream is null ? Task.CompletedTask : DrainAsync(stream, seen));
            }
            finally
            {
                stream?.Dispose();
            }

            Assert.Equal(fault.Length == 0, service.FaultsReached.SingleOrDefault() is null);
            if (fault.Length == 0)
            {
                await BoundedWait.UntilAsync("all deliveries", async () =>
                    await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.deliveries WHERE state = 'pending'") == 0);
            }
        }

        Assert.InRange(uploads, 2, int.MaxValue);
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(i => (long?)i), seen.Select(e => e.Id));
        long finished = await FinishedAsync();
        Delivered[] came = await receiver.WhenAsync("/dying", (int)finished);
        Assert.InRange(await database.ScalarAsync<int>("SELECT max(attempt) FROM pipeline.deliveries"), 2, int.MaxValue); // of the first death
        Assert.Equal(finished, came.Select(delivered => delivered.Id).Distinct().Count());
        Assert.All(came, delivered => Assert.True(delivered.IsSignedWith(secret!)));
        Assert.All(
            came.GroupBy(delivered => delivered.Id),
            same => Assert.Single(same.Select(delivered => (string)delivered.Event["id"]!).Distinct()));
    }

    public void Dispose() => _folder.Dispose();

    private Task<long> FinishedAsync() =>
        database.ScalarAsync<long>("SELECT count(*) FROM pipeline.events WHERE type = 'job.finished'");

    /// <summary>What had come before the end.</summary>
    private static async Task DrainAsync(SseClient stream, List<SseEvent> seen)
    {
        try
        {
            while (await stream.NextAsync() is { } one)
            {
                seen.Add(one);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The end.
        }
    }

    private ServiceProcess Start(int port, string fault) => ServiceProcess.Start(
        database.ConnectionString, Path.Combine(_folder.Path, "spool"), port,
        (FaultPoints.Variable, fault), ("Events__AllowHttp", "true"), ("Events__AllowPrivateAddresses", "true"));
}
