using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A service that jobs ask is away for a while, then wrong and huge, in real time: by hand. In a time that is moved by hand it is part
/// of every run: <see cref="Transform.Enrichment.ServiceClientTests"/>, <see cref="Transform.Enrichment.HttpEnrichmentTests"/>.
/// </summary>
public sealed class ServiceOutageTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>How long it is away, in seconds.</summary>
    internal const string Variable = "PIPELINE_SERVICE_OUTAGE_SECONDS";

    private const int Records = 200_000;
    private const int Megabyte = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    [Fact]
    public async Task A_service_that_is_away_loses_nothing_and_holds_nobody_up()
    {
        string? seconds = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(seconds is null, $"by hand: {Variable} says for how long");
        var outage = TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture));
        CancellationToken token = TestContext.Current.CancellationToken;
        using TemporaryFolder folder = new();
        await using StubService stub = new(ServiceProcess.FreePort());
        int port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port, ("Spool__ChunkBytes", "262144"),
            ("Enrich__Services__geo__Url", stub.Address), ("Enrich__Services__geo__PerSecond", "50"),
            ("Enrich__Services__geo__Timeout", "00:00:02"));
        Assert.True(await process.WaitUntilReadyAsync(token), process.Log);
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port), Timeout = TimeSpan.FromMinutes(2) };
        await DeclareAsync(http, "asks", """
            , "transforms": [ { "op": "http", "service": "geo", "inputs": { "ip": "ip" }, "set": { "city": "/city" } } ]
            """, token);
        await DeclareAsync(http, "asks_nobody", "", token);

        Guid job = await SendAsync(http, "asks", Records, "", token);
        await BoundedWait.UntilAsync("the service to be asked", () => stub.Calls.Count > 20);
        long resident = process.ResidentBytes, residentMost = 0;
        (int calls, int others, TimeSpan slowest, long sessionsMost) = (stub.Calls.Count, 0, TimeSpan.Zero, 0);
        stub.Mood = "away";
        long since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < outage)
        {
            await Task.Delay(Pause, TimeProvider.System, token);
            long sent = TimeProvider.System.GetTimestamp();
            await SendAsync(http, "asks_nobody", 10, "wait=30", token);
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, TimeProvider.System.GetElapsedTime(sent).Ticks));
            others++;
            residentMost = Math.Max(residentMost, process.ResidentBytes);
            sessionsMost = Math.Max(sessionsMost, await database.ScalarAsync<long>($"""
                SELECT count(*) FROM pg_stat_activity
                WHERE application_name = 'pipeline job {job}' AND state <> 'idle' AND now() - state_change > interval '1 second'
                """));
        }

        int callsAway = stub.Calls.Count - calls;
        foreach (string mood in (string[])["garbage", "wrong ids", "huge"])
        {
            stub.Mood = mood;
            await Task.Delay(Pause * 8, TimeProvider.System, token);
        }

        stub.Mood = "well";
        using Sender sender = new(port);
        await sender.WaitUntilFinalAsync(job, token);
        TestContext.Current.SendDiagnosticMessage(
            "away for {0}: {1} calls, {2} other jobs, the slowest in {3}; {4} MB before, at most {5} MB meanwhile; {6} sessions held; {7} calls in all",
            outage, callsAway, others, slowest, resident / Megabyte, residentMost / Megabyte, sessionsMost, stub.Calls.Count);
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"{Records} {Records} {Records} 0"),
            await database.ScalarAsync<string>($"""
                SELECT concat_ws(' ', count(*), count(DISTINCT _record), count(*) FILTER (WHERE city = 'city of ' || ip),
                                 (SELECT count(*) FROM pipeline.dead_letters))
                FROM asks WHERE _job_id = '{job}'
                """));
        Assert.Equal(0, sessionsMost);
        Assert.InRange(callsAway, 1, 40 + outage.TotalSeconds); // those that run and their tries, then one now and then
        Assert.InRange(residentMost - resident, long.MinValue, 100 * Megabyte);
        Assert.InRange(slowest, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static async Task DeclareAsync(HttpClient http, string dataset, string more, CancellationToken token)
    {
        using StringContent body = new($$"""
            { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "ip", "type": "string" } ] },
              "load": { "table": "public.{{dataset}}", "commit": "chunk" }{{more}} }
            """, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PutAsync(new Uri($"/v1/datasets/{dataset}", UriKind.Relative), body, token);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(token));
    }

    /// <summary>Sends records of which each asks for something else.</summary>
    private static async Task<Guid> SendAsync(HttpClient http, string dataset, int records, string prefer, CancellationToken token)
    {
        StringBuilder data = new("id,ip\n");
        for (int i = 1; i <= records; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $"{i},ip {i}\n");
        }

        using HttpRequestMessage request = new(HttpMethod.Post, new Uri($"/v1/datasets/{dataset}/uploads", UriKind.Relative));
        request.Content = new StringContent(data.ToString(), Encoding.UTF8, "text/csv");
        request.Headers.TryAddWithoutValidation("Prefer", prefer);
        using HttpResponseMessage answer = await http.SendAsync(request, token);
        string text = await answer.Content.ReadAsStringAsync(token);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text).GetProperty("id").GetGuid();
    }
}
