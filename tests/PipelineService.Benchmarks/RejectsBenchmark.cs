using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

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

        var options = new TripsOptions { Rows = rows };
        Mix clean = await Mix.CreateAsync(laboratory, "clean", options);
        Mix referring = clean.Referring("clean, foreign key", lacksEveryTenth: false);
        Mix[] mixes =
        [
            clean,
            await Mix.CreateAsync(
                laboratory,
                "1 % bad: types, rules, keys",
                options with { TypeErrorShare = 0.004, RuleErrorShare = 0.003, DuplicateShare = 0.003 },
                clean),
            await Mix.CreateAsync(laboratory, "10 % duplicate keys", options with { DuplicateShare = 0.1 }, clean),
            referring,
            clean.Referring("10 % unknown foreign keys", lacksEveryTenth: true, referring),
            await Mix.CreateAsync(laboratory, "100 % bad", options with { TypeErrorShare = 1 }, clean),
        ];
        foreach (Mix mix in mixes)
        {
            await mix.DeclareAsync(laboratory, service);
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
        report.Table("data", "rejected, each as expected", "median s", "ratio to clean, or to clean with foreign key: median", "least", "greatest", "peak memory of the service, MB");
        foreach (Mix mix in mixes)
        {
            double[] ratios = [.. mix.Seconds.Select((seconds, round) => seconds / mix.Clean.Seconds[round])];
            report.Row(
                mix.Name, $"{mix.Rejects:N0}", $"{mix.Seconds.Median():F2}", $"{ratios.Median():F2} ×",
                $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×", $"{mix.PeakMB:F0}");
        }

        report.Line();
        report.Line("After every load the dead letters were compared with the generator's list: record, line (but for foreign keys), field and code of each.");
    }

    /// <summary>One composition of good and bad records, with a dataset of its own.</summary>
    private sealed class Mix
    {
        private readonly string _dataset;
        private readonly TripsFile _file;

        /// <summary>A table of trip_ids that the target refers to; null: it refers to none.</summary>
        private readonly string? _referenceSql;

        private readonly IReadOnlyList<ExpectedReject> _expected;

        private Mix(string name, TripsFile file, IReadOnlyList<ExpectedReject> expected, string? referenceSql, Mix? clean)
        {
            (Name, _dataset, Clean) = (name, DatasetOf(name), clean ?? this);
            (_file, _expected, _referenceSql) = (file, expected, referenceSql);
        }

        public string Name { get; }

        /// <summary>What its time is compared with.</summary>
        public Mix Clean { get; }

        public int Rejects => _expected.Count;

        public List<double> Seconds { get; } = [];

        /// <summary>Of the service while it loads this, over all rounds.</summary>
        public double PeakMB { get; private set; }

        public static async Task<Mix> CreateAsync(Laboratory laboratory, string name, TripsOptions options, Mix? clean = null)
        {
            string path = Path.Combine(laboratory.Scratch, $"{DatasetOf(name)}.csv");
            TripsFile file = await TripsFile.CreateAsync(path, options);
            return new Mix(name, file, file.ExpectedRejects, referenceSql: null, clean);
        }

        /// <summary>The same file, into a table whose trip_id refers to another.</summary>
        public Mix Referring(string name, bool lacksEveryTenth, Mix? clean = null)
        {
            string reference = $"public.{DatasetOf(name)}_reference";
            string sql = $"""
                CREATE TABLE {reference} (trip_id bigint PRIMARY KEY);
                INSERT INTO {reference} SELECT n FROM generate_series(1, {_file.Rows}) n {(lacksEveryTenth ? "WHERE n % 10 <> 0" : "")};
                ALTER TABLE public.{DatasetOf(name)} ADD FOREIGN KEY (trip_id) REFERENCES {reference}
                """;
            List<ExpectedReject> unknown = [];
            for (long record = 10; lacksEveryTenth && record <= _file.Rows; record += 10)
            {
                unknown.Add(new ExpectedReject(Line: 0, record, "trip_id", "foreign_key"));
            }

            return new Mix(name, _file, unknown, sql, clean);
        }

        public async Task DeclareAsync(Laboratory laboratory, ServiceProcess service)
        {
            await service.Client.DeclareAsync(
                _dataset, TripsDefinition.Create($"public.{_dataset}", hasKey: true), CancellationToken.None);
            if (_referenceSql is not null)
            {
                await laboratory.Postgres.ExecuteAsync(_referenceSql);
            }
        }

        public async Task MeasureAsync(Laboratory laboratory, ServiceProcess service, bool isWarmUp)
        {
            await laboratory.Postgres.ExecuteAsync(
                $"DO $$ BEGIN IF to_regclass('public.{_dataset}') IS NOT NULL THEN TRUNCATE public.{_dataset}; END IF; END $$");
            await laboratory.Postgres.ExecuteAsync("CHECKPOINT");
            ProcessUsage.ResetPeak(service.Id);
            long started = TimeProvider.System.GetTimestamp();
            using HttpContent body = _file.OpenBody();
            ObservedJob job = await service.Client.UploadAsync(_dataset, body, waitSeconds: 10, CancellationToken.None);
            job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
            double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            PeakMB = Math.Max(PeakMB, ProcessUsage.PeakResidentMB(service.Id));

            int bad = _expected.Count;
            Check.Loaded(job, _file.Rows - bad, bad);
            Check.Equal(
                _file.Rows - bad, await laboratory.Postgres.QueryAsync<long>($"SELECT count(*) FROM public.{_dataset}"), "rows in the table");
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
                Check.That(index < _expected.Count, $"more dead letters than bad records: record {found.Record}");
                Check.Equal(1, found.Errors.Count, $"errors of record {found.Record}");
                ExpectedReject expected = _expected[index++];
                Check.Equal(
                    expected,
                    new ExpectedReject(
                        _referenceSql is null ? found.Line : 0, found.Record, found.Errors[0].Field ?? "", found.Errors[0].Code),
                    $"dead letter {index}");
            }

            Check.Equal(_expected.Count, index, "dead letters");
        }

        private static string DatasetOf(string name) => "bench_rejects_" + string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
    }
}
