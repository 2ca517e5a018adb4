using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What a lookup costs: the same trips loaded as they are, and with a text that is looked up for each in the place of one that they have,
/// with all rows in memory and with a query a chunk. The rows lie in no order of their keys.
/// </summary>
internal static class LookupBenchmark
{
    /// <summary>Prime, so that its multiples come to every key.</summary>
    private const long Step = 7_368_787;

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        long keys = arguments.Long("keys", 1_000_000);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("lookup", "What a lookup costs", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceProcess service = services.Only;
        await LoadNamesAsync(service, laboratory.Scratch, "names_in_memory", keys, memoryBytesMax: 1 << 30);
        await LoadNamesAsync(service, laboratory.Scratch, "names_asked_for", keys, memoryBytesMax: 0);
        ServiceLoad plain = Looking(service, names: null, keys);
        (string Name, ServiceLoad Load)[] looking =
        [
            ("in memory", Looking(service, "names_in_memory", keys)), ("a query a chunk", Looking(service, "names_asked_for", keys)),
        ];
        ServiceLoad[] all = [plain, .. looking.Select(l => l.Load)];
        await all.MeasureInTurnAsync(laboratory, rows, rounds);
        foreach ((string name, ServiceLoad load) in looking)
        {
            long found = await load.Database.QueryAsync<long>($"SELECT count(*) FROM {load.Table} WHERE note LIKE 'name of %'");
            Check.Equal(rows, found, $"notes that were looked up, {name}");
        }

        Tell(laboratory.Report, rows, keys, plain, looking);
        laboratory.Complete();
    }

    private static async Task LoadNamesAsync(ServiceProcess service, string scratch, string dataset, long keys, long memoryBytesMax)
    {
        await service.Client.DeclareAsync(
            dataset,
            JsonNode.Parse($$"""
                { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "name", "type": "string" } ], "primaryKey": ["id"] },
                  "load": { "mode": "replace" }, "lookup": { "key": ["id"], "memoryBytesMax": {{memoryBytesMax}} } }
                """)!.AsObject(),
            CancellationToken.None);
        string path = Path.Combine(scratch, $"{dataset}.csv");
        await using (StreamWriter file = new(path))
        {
            await file.WriteAsync("id,name\n");
            for (long i = 0; i < keys; i++)
            {
                long id = i * Step % keys;
                await file.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{id},name of {id}\n"));
            }
        }

        using StreamContent body = new(File.OpenRead(path));
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        ObservedJob job = await service.Client.UploadAsync(dataset, body, waitSeconds: 10, CancellationToken.None);
        Check.Loaded(await service.Client.FollowAsync(job, changed: null, CancellationToken.None), keys);
        File.Delete(path);
    }

    private static ServiceLoad Looking(ServiceProcess service, string? names, long keys) => new(
        service,
        SampleKind.Trips with { Name = $"trips_{names ?? "plain"}", Define = (table, commit, lineage) => Define(table, commit, lineage, names, keys) },
        "job",
        lineage: false);

    /// <summary>
    /// The key is computed from the number of the trip, so that every one is found however many there are; without a lookup as well, so
    /// that nothing else differs.
    /// </summary>
    private static JsonObject Define(string table, string commit, bool lineage, string? names, long keys)
    {
        JsonObject definition = TripsDefinition.Create(table, commit, lineage);
        definition["transforms"] = new JsonArray(
            JsonNode.Parse($$"""{ "op": "derive", "field": "trip_id", "expression": "mod(trip_id, {{keys}})" }"""));
        if (names is not null)
        {
            definition["transforms"]!.AsArray().Add(
                JsonNode.Parse($$"""{ "op": "lookup", "from": "{{names}}", "match": { "id": "trip_id" }, "set": { "note": "name" } }"""));
        }

        return definition;
    }

    private static void Tell(Report report, long rows, long keys, ServiceLoad plain, (string Name, ServiceLoad Load)[] looking)
    {
        report.Section($"trips, CSV: {rows:N0} rows, {keys:N0} keys, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without a "
            + "lookup in the same round.");
        report.Line();
        report.Table("lookup", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        foreach ((string name, ServiceLoad load) in looking)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
            double[] cpu = [.. load.Cpu.Select((seconds, round) => seconds / plain.Cpu[round])];
            report.Row(
                name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }
    }
}
