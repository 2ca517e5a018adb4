using PipelineService.Benchmarks.Harness;
using PipelineService.Demo;

namespace PipelineService.Benchmarks;

/// <summary>
/// What bad records cost, and whether exactly the bad ones were rejected. trip_id is the primary key throughout, so that
/// the clean load pays for the same index and differs in nothing but the data.
/// </summary>
internal static class RejectsBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", 1_000_000);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("rejects", "What bad records cost", arguments);
        await using ServiceProcess service = await laboratory.StartServiceAsync();

        var clean = new TripsOptions { Rows = rows };
        Mix[] mixes =
        [
            await Mix.CreateAsync(laboratory, "clean", clean),
            await Mix.CreateAsync(
                laboratory,
                "1 % bad: types, rules, keys",
                clean with { TypeErrorShare = 0.004, RuleErrorShare = 0.003, DuplicateShare = 0.003 }),
            await Mix.CreateAsync(laboratory, "10 % duplicate keys", clean with { DuplicateShare = 0.1 }),
        ];
        foreach (Mix mix in mixes)
        {
            await mix.DeclareAsync(service);
            await mix.MeasureAsync(laboratory, service, isWarmUp: true);
        }

        laboratory.Report.Line($"{rows:N0} rows, primary key on trip_id, commit job; seconds.");
        laboratory.Report.Line();
        laboratory.Report.Table(["round", .. mixes.Select(m => m.Name)]);
        for (int round = 0; round < rounds; round++)
        {
            foreach (Mix mix in round % 2 == 0 ? mixes : mixes.Reverse())
            {
                await mix.MeasureAsync(laboratory, service, isWarmUp: false);
            }

            laboratory.Report.Row([$"{round + 1}", .. mixes.Select(m => $"{m.Seconds[round]:F2}")]);
        }

        Summarize(laboratory.Report, mixes);
        laboratory.Complete();
    }

    private static void Summarize(Report report, Mix[] mixes)
    {
        report.Line();
        report.Table("data", "rejected, each as expected", "median s", "ratio to clean: median", "least", "greatest");
        foreach (Mix mix in mixes)
        {
            double[] ratios = [.. mix.Seconds.Select((seconds, round) => seconds / mixes[0].Seconds[round])];
            report.Row(
                mix.Name, $"{mix.File.ExpectedRejects.Count:N0}", $"{mix.Seconds.Median():F2}", $"{ratios.Median():F2} ×",
                $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×");
        }

        report.Line();
        report.Line("After every load the dead letters were compared with the generator's list: record, line, field and code of each.");
    }

    /// <summary>One composition of good and bad records, with a dataset of its own.</summary>
    private sealed class Mix(string name, string dataset, TripsFile file)
    {
        public string Name => name;

        public TripsFile File => file;

        public List<double> Seconds { get; } = [];

        public static async Task<Mix> CreateAsync(Laboratory laboratory, string name, TripsOptions options)
        {
            string dataset = $"bench_rejects_{name.Count(char.IsLetter)}";
            string path = Path.Combine(laboratory.Scratch, $"{dataset}.csv");
            return new Mix(name, dataset, await TripsFile.CreateAsync(path, options));
        }

        public Task DeclareAsync(ServiceProcess service) => service.Client.DeclareAsync(
            dataset, TripsDefinition.Create($"public.{dataset}", hasKey: true), CancellationToken.None);

        public async Task MeasureAsync(Laboratory laboratory, ServiceProcess service, bool isWarmUp)
        {
            await laboratory.Postgres.ExecuteAsync(
                $"DO $$ BEGIN IF to_regclass('public.{dataset}') IS NOT NULL THEN TRUNCATE public.{dataset}; END IF; END $$");
            await laboratory.Postgres.ExecuteAsync("CHECKPOINT");
            long started = TimeProvider.System.GetTimestamp();
            using HttpContent body = file.OpenBody();
            ObservedJob job = await service.Client.UploadAsync(dataset, body, waitSeconds: 10, CancellationToken.None);
            job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
            double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;

            int bad = file.ExpectedRejects.Count;
            Check.Loaded(job, file.Rows - bad, bad);
            Check.Equal(
                file.Rows - bad, await laboratory.Postgres.QueryAsync<long>($"SELECT count(*) FROM public.{dataset}"), "rows in the table");
            await CompareRejectsAsync(service, job);
            if (!isWarmUp)
            {
                Seconds.Add(seconds);
            }
        }

        private async Task CompareRejectsAsync(ServiceProcess service, ObservedJob job)
        {
            int index = 0;
            await foreach (ObservedDeadLetter found in service.Client.DeadLettersAsync(job.Id, CancellationToken.None))
            {
                Check.That(index < file.ExpectedRejects.Count, $"more dead letters than bad records: record {found.Record}");
                Check.Equal(1, found.Errors.Count, $"errors of record {found.Record}");
                Check.Equal(
                    file.ExpectedRejects[index++],
                    new ExpectedReject(found.Line, found.Record, found.Errors[0].Field ?? "", found.Errors[0].Code),
                    $"dead letter {index}");
            }

            Check.Equal(file.ExpectedRejects.Count, index, "dead letters");
        }
    }
}
