using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets.Views;

/// <summary>A view is what <c>GROUP BY</c> on its table says, in every snapshot, whatever becomes of jobs.</summary>
public sealed class ViewExactnessTests(ViewStand stand) : IClassFixture<ViewStand>
{
    private const string Views = """
        "views": [
          { "name": "by_time", "groupBy": [ { "field": "at", "every": "PT15M" }, "city" ],
            "measures": { "n": "count", "known": "count price", "total": "sum price", "mean": "avg price", "least": "min price",
                          "most": "max price", "heaviest": "max weight", "lightest": "min weight" } },
          { "name": "by_day", "groupBy": [ { "field": "day", "every": "P7D" }, "grade", "ok" ],
            "measures": { "n": "count", "ids": "sum id", "first": "min at", "last": "max at", "days": "max day", "grades": "avg grade" } },
          { "name": "by_id", "groupBy": [ "id", "price" ], "measures": { "n": "count" } } ]
        """;

    private static readonly string[] Cities = ["Bern", "Zürich", "", "=1+1", "a,b\"c", "null"];

    private static string Definition(string dataset, string load) => $$"""
        { "schema": { "fields": [
            { "name": "id", "type": "integer" }, { "name": "at", "type": "datetime" }, { "name": "city", "type": "string" },
            { "name": "price", "type": "number" }, { "name": "weight", "type": "number", "sqlType": "double precision" },
            { "name": "day", "type": "date" }, { "name": "grade", "type": "integer", "sqlType": "smallint" },
            { "name": "ok", "type": "boolean" } ], "missingValues": ["-"] },
          "load": { "table": "public.{{dataset}}", {{load}} }, {{Views}} }
        """;

    /// <summary>The columns of a view come in the order of their names.</summary>
    private static IEnumerable<(string View, string Sql)> QueriesFor(string table) =>
    [
        ("by_time", $"""
            SELECT date_bin('15 minutes', at, timestamptz '4714-11-24 00:00:00+00 BC'), city, max(weight), count(price), min(price),
                   min(weight), avg(price), max(price), count(*), sum(price)
            FROM {table} GROUP BY 1, 2
            """),
        ("by_day", $"""
            SELECT day - (day - date '4714-11-24 BC') % 7, grade, ok, max(day), min(at), avg(grade), sum(id)::numeric, max(at), count(*)
            FROM {table} GROUP BY 1, 2, 3
            """),
        ("by_id", $"SELECT id, price, count(*) FROM {table} GROUP BY 1, 2"),
    ];

    [Theory]
    [InlineData("job", false)]
    [InlineData("chunk", false)]
    [InlineData("job", true)]
    [InlineData("chunk", true)]
    public async Task Is_the_group_by_of_its_table_whatever_becomes_of_jobs(string commit, bool refuses)
    {
        int seed = int.Parse(Environment.GetEnvironmentVariable("PIPELINE_VIEWS_SEED") ?? $"{Random.Shared.Next()}", CultureInfo.InvariantCulture);
        int steps = int.Parse(Environment.GetEnvironmentVariable("PIPELINE_VIEWS_STEPS") ?? "9", CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"PIPELINE_VIEWS_SEED={seed}");
        Random random = new(seed);
        string dataset = $"exact_{commit}{(refuses ? "_refusing" : "")}";
        string definition = Definition(dataset, $"\"commit\": \"{commit}\"");

        // Rows are there before the view is.
        await stand.Api.DeclareAsync(dataset, definition.Replace(Views, "\"title\": \"none yet\"", StringComparison.Ordinal));
        if (refuses)
        {
            await stand.Database.ExecuteAsync($"ALTER TABLE {dataset} ADD CHECK (grade IS DISTINCT FROM 5); CREATE UNIQUE INDEX ON {dataset} (id, price) WHERE id < 40");
        }

        List<Guid> jobs = [];
        await LoadAsync();
        await stand.DeclareAsync(dataset, definition);
        await CheckAsync("declared");
        using CancellationTokenSource over = new();
        Task<long> watching = WatchAsync(dataset, over.Token);
        for (int step = 0; step < steps; step++)
        {
            string done = random.Next(7) switch
            {
                0 when jobs.Count > 0 => await RevertAsync(),
                1 when jobs.Count > 0 => await ReplaceAsync(),
                2 => await FoldAsync(),
                3 => await TogetherAsync(),
                _ => await LoadAsync(),
            };
            await CheckAsync($"step {step}, {done}");
        }

        while (jobs.Count > 0)
        {
            await RevertAsync();
        }

        await CheckAsync("all reverted");
        await over.CancelAsync();
        Assert.True(await watching > 0);

        async Task<string> LoadAsync()
        {
            jobs.Add(Loaded(await stand.Api.UploadAsync(dataset, Csv(random, refuses), "text/csv", ("Prefer", "wait=30"))));
            return "loaded";
        }

        async Task<string> TogetherAsync()
        {
            ApiAnswer[] sent = await Task.WhenAll(Enumerable.Range(0, 3).Select(
                _ => stand.Api.UploadAsync(dataset, Csv(random, refuses), "text/csv", ("Prefer", "wait=30"))));
            jobs.AddRange(sent.Select(Loaded));
            return "loaded together";
        }

        async Task<string> RevertAsync()
        {
            ApiAnswer reverted = await stand.Api.RevertAsync(Take());
            Assert.True(reverted.Status == HttpStatusCode.OK, reverted.Body);
            return "reverted";
        }

        async Task<string> ReplaceAsync()
        {
            jobs.Add(Loaded(await stand.Api.ReplaceAsync(dataset, Take(), Csv(random, refuses), ("Prefer", "wait=30"))));
            return "replaced";
        }

        async Task<string> FoldAsync()
        {
            await stand.AgeAsync();
            await ViewStand.KeepAsync(stand.Service);
            return "put together";
        }

        Guid Take()
        {
            int index = random.Next(jobs.Count);
            Guid job = jobs[index];
            jobs.RemoveAt(index);
            return job;
        }

        async Task CheckAsync(string when)
        {
            foreach ((string view, string sql) in QueriesFor(dataset))
            {
                Assert.True(await stand.DifferencesAsync(dataset, view, sql) == 0, $"{view} differs: {when}, PIPELINE_VIEWS_SEED={seed}");
            }
        }
    }

    /// <summary>Looks all the time, each time in a snapshot of its own.</summary>
    private async Task<long> WatchAsync(string dataset, CancellationToken over)
    {
        long looks = 0;
        (string view, string sql) = QueriesFor(dataset).First();
        string compared = ViewStand.Compared(await stand.IdOfAsync(dataset, view), sql);
        while (!over.IsCancellationRequested)
        {
            Assert.Equal(0, await stand.Database.ScalarAsync<long>(compared));
            looks++;
        }

        return looks;
    }

    [Fact]
    public async Task Stays_so_where_each_upload_replaces_all_rows_and_is_taken_back()
    {
        const string Dataset = "exact_replace";
        Random random = new(11);
        await stand.DeclareAsync(
            Dataset,
            Definition(Dataset, "\"mode\": \"replace\"").Replace("\"views\"", "\"lookup\": { \"key\": [\"id\"] }, \"views\"", StringComparison.Ordinal)
                .Replace("\"missingValues\"", "\"uniqueKeys\": [[\"id\"]], \"missingValues\"", StringComparison.Ordinal));
        JobView last = null!;
        for (int round = 0; round < 3; round++)
        {
            StringBuilder csv = new(Header);
            for (int i = 0; i < 100 + round; i++)
            {
                csv.Append(Row(random, $"{i}", refuses: false));
            }

            last = await stand.Api.LoadAsync(Dataset, csv.ToString());
            Assert.Equal(JobState.Succeeded, last.State);
            await CheckAsync();
        }

        Assert.Equal(HttpStatusCode.OK, (await stand.Api.RevertAsync(last.Id)).Status);
        Assert.Equal(101, await stand.CountRowsAsync(Dataset));
        await CheckAsync();

        async Task CheckAsync()
        {
            foreach ((string view, string sql) in QueriesFor(Dataset))
            {
                Assert.Equal(0, await stand.DifferencesAsync(Dataset, view, sql));
            }
        }
    }

    /// <summary>More groups than are held in memory, so that parts are written between chunks, with savepoints and without.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stays_so_with_more_groups_than_are_held(bool refuses)
    {
        string dataset = refuses ? "many_refused" : "many";
        await stand.DeclareAsync(dataset, $$"""
            { "schema": { "fields": [ { "name": "id", "type": "integer" } ] }, "load": { "table": "public.{{dataset}}" },
              "views": [ { "name": "each", "groupBy": ["id"], "measures": { "n": "count", "s": "sum id" } } ] }
            """);
        await stand.Database.ExecuteAsync(refuses ? $"ALTER TABLE {dataset} ADD CHECK (id % 30011 <> 0)" : "SELECT 1");
        StringBuilder csv = new("id\n");
        for (int i = 1; i <= 70_000; i++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{i}\n");
        }

        JobView job = await stand.Api.LoadAsync(dataset, csv.ToString());

        Assert.Equal(refuses ? 69_998 : 70_000, job.Records.Loaded);
        Assert.Equal(0, await stand.DifferencesAsync(dataset, "each", $"SELECT id, count(*), sum(id)::numeric FROM {dataset} GROUP BY 1"));
    }

    [Fact]
    public async Task Two_instances_keep_one_view()
    {
        const string Dataset = "exact_two";
        await stand.DeclareAsync(Dataset, Definition(Dataset, "\"commit\": \"chunk\""));
        await using ServiceUnderTest second = await ServiceUnderTest.StartAsync(stand.Database.ConnectionString, [("Spool:ChunkBytes", "4096")]);
        Random random = new(5);
        Api[] apis = [stand.Api, new Api(second.Client)];

        ApiAnswer[] sent = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            i => apis[i % 2].UploadAsync(Dataset, Csv(random, refuses: false), "text/csv", ("Prefer", "wait=30"))));
        ApiAnswer[] reverted = await Task.WhenAll(sent.Take(4).Select((job, i) => apis[(i + 1) % 2].RevertAsync(job.Job.Id)));

        Assert.All(reverted, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        foreach ((string view, string sql) in QueriesFor(Dataset))
        {
            Assert.Equal(0, await stand.DifferencesAsync(Dataset, view, sql));
        }
    }

    private const string Header = "id,at,city,price,weight,day,grade,ok\n";

    private static Guid Loaded(ApiAnswer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        Assert.True(answer.Job.State is JobState.Succeeded or JobState.PartiallySucceeded, answer.Body);
        return answer.Job.Id;
    }

    private static string Csv(Random random, bool refuses)
    {
        StringBuilder csv = new(Header);
        for (int i = random.Next(1, 160); i > 0; i--)
        {
            csv.Append(Row(random, Missing(random, $"{random.Next(60)}"), refuses));
        }

        return csv.ToString();
    }

    private static string Row(Random random, string id, bool refuses)
    {
        string price = random.Next(30) switch
        {
            0 => "NaN",
            1 => "123456789012345678901234567890.5",
            2 => "0.00000000000000001",
            3 => "-7e25",
            _ => string.Create(CultureInfo.InvariantCulture, $"{random.Next(-50, 50)}.{random.Next(3)}{(random.Next(2) == 0 ? "0" : "")}"),
        };
        string weight = random.Next(12) switch { 0 => "NaN", 1 => "-INF", 2 => "-0.0", 3 => "0", var w => $"{w - 6}.25" };
        string at = random.Next(20) == 0
            ? "0001-01-01T00:00:00Z"
            : string.Create(CultureInfo.InvariantCulture, $"{random.Next(1999, 2002)}-01-01T0{random.Next(2)}:{random.Next(60):D2}:00Z");
        string city = Cities[random.Next(Cities.Length)];
        string[] cells =
        [
            id, Missing(random, at), Missing(random, $"\"{city.Replace("\"", "\"\"", StringComparison.Ordinal)}\""), Missing(random, price),
            Missing(random, weight), Missing(random, $"20{random.Next(10, 30)}-02-1{random.Next(10)}"),
            Missing(random, $"{random.Next(refuses ? 6 : 5)}"), Missing(random, random.Next(2) == 0 ? "true" : "false"),
        ];
        return string.Join(',', cells) + "\n";
    }

    private static string Missing(Random random, string value) => random.Next(9) == 0 ? "-" : value;
}
