using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;
using PipelineService.Tests.Sources.Buckets;

namespace PipelineService.Tests.Sources;

/// <summary>
/// The service dies while it takes files from a watched folder, at each step of that, and every record of them is there once.
/// </summary>
public sealed class SourceDeathTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    /// <summary>By hand: how many files there are, and how often it dies, at points and times by chance.</summary>
    private const string FilesVariable = "PIPELINE_SOURCE_FILES";

    private const string DeathsVariable = "PIPELINE_SOURCE_DEATHS";

    private const int Records = 20;

    /// <summary>The steps of a source itself.</summary>
    public static readonly FaultPoint[] Points =
    [
        FaultPoint.SourceReading, FaultPoint.SourceTaken, FaultPoint.SourceRefusing, FaultPoint.SourcePutting, FaultPoint.SourceAside,
        FaultPoint.SourcePut,
    ];

    /// <summary>With those of what it is built upon in which something is durable and something else is not.</summary>
    private static readonly string[] Deaths =
    [
        "SourceReading:kill:2", "DirectoryFlushed:kill:2", "JobRegistering:kill:1", "JobRegistered:kill:1", "SourceTaken:kill:3", "SourceAside:kill:2",
        "SourcePut:kill:3", "SourceRefusing:kill:1",
    ];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Incoming => Path.Combine(_folder.Path, "incoming");

    [Fact]
    public async Task A_source_that_dies_at_any_step_takes_each_file_once()
    {
        OneForm.SkipUnlessItsTurn(nameof(SourceDeathTests));
        int files = int.Parse(Environment.GetEnvironmentVariable(FilesVariable) ?? "20", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(Incoming);
        for (int i = 0; i < files; i++)
        {
            Drop($"{i}.csv", Readings.Header + Readings.CsvRows(i * Records, Records));
        }

        Drop("huge.csv", Readings.Csv(1) + new string(' ', 10_000));
        bool isDeclared = false;
        foreach (string death in (string[])[.. Chosen(), ""])
        {
            int port = ServiceProcess.FreePort();
            await using ServiceProcess service = Start(port, death);
            if (await service.WaitUntilReadyAsync(Token) && !isDeclared)
            {
                isDeclared = await TryDeclareAsync(
                    port, "watched", """{ "dataset": "watched", "folder": { "root": "incoming", "settle": "PT0S", "interval": "PT1S" } }""");
            }

            await BoundedWait.UntilAsync($"{death}, or the end", async () => service.HasExited || await IsDoneAsync(files));
            Assert.True(death.Length > 0 || !service.HasExited, service.Log);
        }

        Assert.Equal(files * Records, await database.ScalarAsync<long>("SELECT count(*) FROM watched"));
        Assert.Equal(files * Records, await database.ScalarAsync<long>("SELECT count(DISTINCT id) FROM watched"));
        Assert.Equal(files, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE dataset = 'watched' AND state = 'succeeded'"));
        Assert.Equal(files, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE dataset = 'watched'"));
        Assert.Equal(files, Directory.EnumerateFiles(Path.Combine(Incoming, "done")).Count());
        Assert.Equal(["huge.csv"], Directory.EnumerateFiles(Path.Combine(Incoming, "failed")).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFiles(Incoming));
    }

    [Fact]
    public async Task A_source_that_dies_takes_each_object_of_a_bucket_once()
    {
        OneForm.SkipUnlessItsTurn(nameof(SourceDeathTests));
        const int Objects = 12;
        await using StubStore store = await StubStore.StartAsync();
        for (int i = 0; i < Objects; i++)
        {
            store.Put($"{i}.csv", Readings.Header + Readings.CsvRows(i * Records, Records));
        }

        bool isDeclared = false;
        foreach (string death in (string[])[Random.Shared.Next(2) == 0 ? "SourceTaken:kill:3" : "SourcePut:kill:4", ""])
        {
            int port = ServiceProcess.FreePort();
            await using ServiceProcess service = Start(port, death, ("Sources__Stores__stub__Endpoint", store.Address.ToString()));
            if (await service.WaitUntilReadyAsync(Token) && !isDeclared)
            {
                isDeclared = await TryDeclareAsync(
                    port, "fetched", """{ "dataset": "fetched", "bucket": { "store": "stub", "bucket": "incoming", "after": "move", "interval": "PT1S" } }""");
            }

            await BoundedWait.UntilAsync($"{death}, or the end", async () => service.HasExited || await database.ScalarAsync<bool>($"""
                SELECT (SELECT count(*) FROM pipeline.source_objects WHERE put_away AND source = (SELECT id FROM pipeline.sources WHERE name = 'fetched')) = {Objects}
                   AND NOT EXISTS (SELECT FROM pipeline.jobs WHERE finished_at IS NULL)
                """));
        }

        Assert.Equal(Objects * Records, await database.ScalarAsync<long>("SELECT count(*) FROM fetched"));
        Assert.Equal(Objects * Records, await database.ScalarAsync<long>("SELECT count(DISTINCT id) FROM fetched"));
        Assert.Equal(Objects, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE dataset = 'fetched'"));
        Assert.Equal(Objects, store.Keys.Count(key => key.StartsWith("done/", StringComparison.Ordinal)));
        Assert.Equal(Objects, store.Keys.Length);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Two of the deaths by chance; by hand as many as are asked for, at times by chance.</summary>
    private static string[] Chosen()
    {
        if (Environment.GetEnvironmentVariable(DeathsVariable) is not { } text)
        {
            string[] chosen = Random.Shared.GetItems(Deaths, 2);
            TestContext.Current.SendDiagnosticMessage("dies at {0}", string.Join(", ", chosen));
            return chosen;
        }

        string[] points = [.. Deaths.Select(death => death.Split(':')[0])];
        return
        [
            .. Enumerable.Range(0, int.Parse(text, CultureInfo.InvariantCulture)).Select(_ =>
                FormattableString.Invariant($"{points[Random.Shared.Next(points.Length)]}:kill:{Random.Shared.Next(1, 40)}")),
        ];
    }

    /// <summary>All are taken and put away, and their jobs have ended.</summary>
    private async Task<bool> IsDoneAsync(int files) => await database.ScalarAsync<bool>(string.Create(CultureInfo.InvariantCulture, $"""
        SELECT (SELECT count(*) FROM pipeline.source_objects
                WHERE state = 'taken' AND put_away AND source = (SELECT id FROM pipeline.sources WHERE name = 'watched')) = {files}
           AND NOT EXISTS (SELECT FROM pipeline.source_objects WHERE NOT put_away)
           AND NOT EXISTS (SELECT FROM pipeline.jobs WHERE finished_at IS NULL)
        """)) && !Directory.EnumerateFiles(Incoming).Any();

    private void Drop(string name, string text)
    {
        string hidden = Path.Combine(_folder.Path, name);
        File.WriteAllText(hidden, text);
        File.Move(hidden, Path.Combine(Incoming, name), overwrite: true);
    }

    /// <returns>False when it died before, as it may: it looks at once.</returns>
    private static async Task<bool> TryDeclareAsync(int port, string name, string source)
    {
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        try
        {
            await api.DeclareAsync(name, Readings.Definition($"'load': {{ 'table': 'public.{name}', 'commit': 'chunk' }}"));
            using StringContent body = new(source, Encoding.UTF8, "application/json");
            return (await api.PutAsync($"/v1/sources/{name}", body)).Status is HttpStatusCode.Created or HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private ServiceProcess Start(int port, string death, params (string Name, string Value)[] more) => ServiceProcess.Start(
        database.ConnectionString, Path.Combine(_folder.Path, "spool"), port,
        [
            (FaultPoints.Variable, death), ("Sources__Folders__incoming", Incoming), ("Sources__PollInterval", "00:00:00.1"),
            ("Intake__BodyBytesMax", "8192"), .. more,
        ]);
}
