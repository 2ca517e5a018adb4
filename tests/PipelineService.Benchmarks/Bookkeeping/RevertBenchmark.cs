using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <param name="Rows">Of other jobs, in the table.</param>
/// <param name="JobRows">Of each job that is reverted.</param>
internal sealed record RevertOptions(long Rows, int JobRows);

/// <summary>
/// How long it takes to revert a small job in a huge table: one job whose rows lie after a third of the others, one
/// after two thirds, one at the end. The other rows are made on the server, a thousand for each of many jobs, in the
/// order of their ids, as loads would have left them; a VACUUM comes after them, as autovacuum would.
/// </summary>
internal static class RevertBenchmark
{
    private const string Dataset = "bench_revert";
    private const string Table = $"public.{Dataset}";
    private const int RowsOfOtherJobs = 1_000;
    private const int Parts = 3;

    public static async Task RunAsync(Arguments arguments)
    {
        RevertOptions options = new(arguments.Long("rows", 20_000_000), arguments.Integer("job-rows", 1_000));
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "revert", "Revert of a small job in a huge table", arguments);
        await MeasureAsync(laboratory, options);
        laboratory.Complete();
    }

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Laboratory laboratory, RevertOptions options)
    {
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        HugeTable[] tables = [.. services.All.Select(service => new HugeTable(service, options))];
        await Task.WhenAll(tables.Select(table => table.FillAsync())); // not timed, and each takes one processor
        await laboratory.CheckpointAsync();
        for (int part = 0; part < Parts; part++)
        {
            foreach (HugeTable table in tables.InTurn(part))
            {
                await table.RevertAsync(part);
            }
        }

        Report report = laboratory.Report;
        report.Section($"Revert of a job of {options.JobRows:N0} rows among {options.Rows:N0} rows of others");
        report.Line($"{tables[0].SizeMB:N0} MB; milliseconds from the request to its answer.");
        report.Line();
        report.Table("build", "after a third", "after two thirds", "at the end");
        foreach (HugeTable table in tables)
        {
            report.Row([table.Name, .. table.Milliseconds.Select(ms => $"{ms:N1}")]);
        }

        foreach (HugeTable table in tables)
        {
            await table.EmptyAsync();
        }

        return
        [
            new($"revert of a {options.JobRows:N0}-row job in a {options.Rows:N0}-row table, the slowest of three",
                "ms", [.. tables.Select(t => t.Milliseconds.Max())], Goal.AtMost(1_000, "ms")),
        ];
    }

    /// <summary>The table of one build.</summary>
    private sealed class HugeTable(ServiceProcess service, RevertOptions options)
    {
        private readonly List<Guid> _jobs = [];

        public string Name => service.Build.Name;

        public double SizeMB { get; private set; }

        public List<double> Milliseconds { get; } = [];

        public async Task FillAsync()
        {
            await service.Client.DeclareAsync(Dataset, Definition(), CancellationToken.None);
            for (int part = 0; part < Parts; part++)
            {
                await service.Database.ExecuteAsync(Fill(options.Rows / Parts / RowsOfOtherJobs));
                _jobs.Add(await UploadAsync());
            }

            await service.Database.ExecuteAsync($"VACUUM (ANALYZE) {Table}");
            SizeMB = await service.Database.QueryAsync<long>($"SELECT pg_table_size('{Table}')") / 1e6;
        }

        /// <summary>Reverts one job, and looks whether exactly its rows are gone.</summary>
        public async Task RevertAsync(int part)
        {
            long others = await service.Database.CountAsync(Table) - options.JobRows;
            long started = TimeProvider.System.GetTimestamp();
            using HttpResponseMessage answer = await service.Http.PostAsync(
                new Uri($"/v1/jobs/{_jobs[part]}/revert", UriKind.Relative), content: null);
            Milliseconds.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
            JsonNode? reverted = await answer.Content.ReadFromJsonAsync<JsonNode>();
            int removed = reverted?["rowsRemoved"]?.GetValue<int>() ?? -1;
            Check.Equal(options.JobRows, removed, $"rows that the revert removed, {Name}");
            Check.Equal(others, await service.Database.CountAsync(Table), $"rows of other jobs, {Name}");
        }

        public Task EmptyAsync() => service.Database.EmptyAsync(Table);

        private async Task<Guid> UploadAsync()
        {
            var csv = new StringBuilder("id,value,note\n");
            for (int row = 1; row <= options.JobRows; row++)
            {
                csv.Append(System.Globalization.CultureInfo.InvariantCulture, $"{row},{row}.5,note {row}\n");
            }

            using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(csv.ToString()));
            body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
            ObservedJob job = await service.Client.UploadAsync(Dataset, body, waitSeconds: 10, CancellationToken.None);
            job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
            Check.Loaded(job, options.JobRows);
            return job.Id;
        }

        private static JsonObject Definition() => new()
        {
            ["format"] = "csv",
            ["schema"] = new JsonObject
            {
                ["fields"] = new JsonArray(
                    new JsonObject { ["name"] = "id", ["type"] = "integer" },
                    new JsonObject { ["name"] = "value", ["type"] = "number", ["sqlType"] = "double precision" },
                    new JsonObject { ["name"] = "note", ["type"] = "string" }),
            },
            ["load"] = new JsonObject { ["table"] = Table },
        };

        private static string Fill(long jobs) => $"""
            WITH job AS MATERIALIZED (
                SELECT n, {JobIdSql.Of($"{JobIdSql.Now} + n / 1000", "n::text")} AS id
                FROM generate_series(1, {jobs}) n)
            INSERT INTO {Table} (id, value, note, _job_id, _record)
            SELECT job.n * {RowsOfOtherJobs} + record, record * 0.5, 'note ' || record, job.id, record
            FROM job CROSS JOIN generate_series(1, {RowsOfOtherJobs}) record
            """;
    }
}
