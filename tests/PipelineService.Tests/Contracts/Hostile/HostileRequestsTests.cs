using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>
/// Requests that no client would send, made from the document, against the running process: each is answered as the client's fault, in
/// the form of a problem, and the service is as before. <c>PIPELINE_HOSTILE_REQUESTS</c> and <c>PIPELINE_HOSTILE_SEED</c> make it longer.
/// </summary>
public sealed class HostileRequestsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const int CountDefault = 600;
    private const int Senders = 8;
    private const long Megabyte = 1 << 20;

    /// <summary>Garbage that waits for its collection is not held.</summary>
    private static readonly (string, string)[] PromptCollections = [("DOTNET_gcConcurrent", "0"), ("DOTNET_GCgen0size", "1000000")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hostile_requests_are_refused_and_leave_the_service_as_it_was()
    {
        int count = Setting("REQUESTS") ?? CountDefault;
        int seed = Setting("SEED") ?? RandomNumberGenerator.GetInt32(1_000_000);
        using TemporaryFolder folder = new();
        int port = ServiceProcess.FreePort();
        await using var process = ServiceProcess.Start(
            database.ConnectionString, Path.Combine(folder.Path, "spool"), port,
            [("Access__AdminKey", GuardedService.AdminKey), PromptCollections[0], PromptCollections[1]]);
        Assert.True(await process.WaitUntilReadyAsync(Token), process.Log);
        Uri address = ServiceProcess.AddressOf(port);
        using HttpClient http = new() { BaseAddress = address };
        GuardedService.Authorize(http, GuardedService.AdminKey);
        Api api = new(http);
        HostileWorld world = await MakeWorldAsync(api);
        (int Handles, int Threads, long Bytes)? before = null;

        HostileRequests requests = new(seed, world);
        ConcurrentQueue<string> faults = [];
        ConcurrentDictionary<int, int> statuses = [];
        for (int sent = 0; sent < count;)
        {
            HostileRequest[] round = [.. Enumerable.Range(0, Math.Min(count - sent, count / 4)).Select(_ => requests.Next())];
            await Parallel.ForEachAsync(round, new ParallelOptions { MaxDegreeOfParallelism = Senders, CancellationToken = Token }, async (request, token) =>
            {
                (string? fault, int status) = await HostileSender.SendAsync(address, request, token);
                statuses.AddOrUpdate(status, 1, (_, number) => number + 1);
                if (fault is not null)
                {
                    faults.Enqueue($"{request.Line[..Math.Min(request.Line.Length, 200)]}: {fault}");
                    TestContext.Current.SendDiagnosticMessage(
                        "{0}\n{1}", fault, Encoding.Latin1.GetString(request.Bytes.AsSpan(0, Math.Min(request.Bytes.Length, 4_000))));
                }
            });
            sent += round.Length;
            before ??= Measure(process); // the first round meets every place of the code for the first time
        }

        await BoundedWait.UntilAsync("all jobs to end", async () =>
            await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL") == 0);
        await BoundedWait.UntilAsync("the handles to be back", () => Measure(process).Handles <= before!.Value.Handles + 20);
        (int Handles, int Threads, long Bytes) after = Measure(process);
        TestContext.Current.SendDiagnosticMessage(
            "{0} requests of seed {1}: {2}; {3} jobs. Handles {4} and {5}, threads {6} and {7}, MB {8} and {9}",
            count, seed, string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Key}: {s.Value}")),
            await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs"), before!.Value.Handles, after.Handles, before.Value.Threads, after.Threads,
            before.Value.Bytes / Megabyte, after.Bytes / Megabyte);

        Assert.True(faults.IsEmpty, $"Seed {seed}: {faults.Count} faults\n{string.Join('\n', faults)}");
        int error = Math.Max(
            process.Log.IndexOf(" ERR ", StringComparison.Ordinal), process.Log.IndexOf(" FTL ", StringComparison.Ordinal));
        Assert.True(error < 0, $"Seed {seed}: {Excerpt.Cut(process.Log[Math.Max(0, error)..], 3_000)}");
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE error ->> 'code' = 'internal_error'"));
        Assert.DoesNotContain("X-Injected", process.Log.Split('\n').Select(line => line.TrimStart().Split(':')[0]));
        Assert.DoesNotContain('\u001b', process.Log);
        Assert.DoesNotContain(GuardedService.AdminKey, process.Log, StringComparison.Ordinal);
        Assert.DoesNotMatch("pls_[a-z2-7]{85}", process.Log);
        Assert.InRange(after.Threads, 1, before.Value.Threads + 20);
        Assert.InRange(after.Bytes - before.Value.Bytes, long.MinValue, 100 * Megabyte);
        await api.DeclareAsync("afterwards", Readings.Definition());
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync("afterwards", Readings.Csv(3))).State);
    }

    private static async Task<HostileWorld> MakeWorldAsync(Api api)
    {
        string[] datasets = ["hostile_0", "hostile_1", "hostile_2"];
        List<string> jobs = [Guid.Empty.ToString()];
        foreach (string dataset in datasets)
        {
            await api.DeclareAsync(dataset, Readings.Definition("'load': { 'keepUpload': 'PT1H' }"));
            jobs.Add((await api.LoadAsync(dataset, Readings.Csv(3) + "x,y,z\n")).Id.ToString());
        }

        List<string> keys = [Guid.Empty.ToString()];
        List<string> credentials = [
            .. Enumerable.Repeat($"Authorization: Bearer {GuardedService.AdminKey}\r\n", 8), "", "X-Api-Key: \r\n",
            "Authorization: Basic YTpi\r\n", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n",
            "Authorization: Bearer a\r\nX-Api-Key: b\r\n"];
        foreach (string limits in new[] { """["admin"], "tenant": "acme" """, """["ingest", "read"] """, """["read"], "datasets": ["hostile_1*"] """, """["manage", "ingest"], "source": "till" """ })
        {
            using StringContent body = new($$"""{ "name": "hostile", "scopes": {{limits}} }""", Encoding.UTF8, "application/json");
            JsonNode made = JsonNode.Parse((await api.PostAsync("/v1/keys", body)).Body)!;
            keys.Add((string)made["id"]!);
            credentials.Add($"X-Api-Key: {(string)made["key"]!}\r\n");
        }

        return new HostileWorld([.. datasets, "hostile_new", "nowhere"], [.. jobs], [.. keys], [.. credentials]);
    }

    private static (int Handles, int Threads, long Bytes) Measure(ServiceProcess process) => (
        process.OpenHandles, process.Threads, process.ResidentBytes);

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable($"PIPELINE_HOSTILE_{name}"), CultureInfo.InvariantCulture, out int value) ? value : null;
}
