using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>One composition of good and bad records.</summary>
/// <param name="Clean">What its time is compared with; null: with itself.</param>
/// <param name="Expected">What must be rejected, and why.</param>
internal sealed record RejectsData(
    string Name, TripsFile File, RejectsData? Clean, IReadOnlyList<ExpectedReject> Expected)
{
    public string Dataset => DatasetOf(Name);

    /// <summary>What makes the target refer to another table of trip_ids; null: it refers to none.</summary>
    public string? ReferenceSql { get; private init; }

    public static async Task<IReadOnlyList<RejectsData>> CreateAllAsync(string directory, long rows)
    {
        var options = new TripsOptions { Rows = rows };
        RejectsData clean = await CreateAsync("clean", options, clean: null);
        RejectsData referring = clean.Referring("clean, foreign key", lacksEveryTenth: false, clean: null);
        return
        [
            clean,
            await CreateAsync(
                "1 % bad: types, rules, keys",
                options with { TypeErrorShare = 0.004, RuleErrorShare = 0.003, DuplicateShare = 0.003 },
                clean),
            await CreateAsync("10 % duplicate keys", options with { DuplicateShare = 0.1 }, clean),
            referring,
            clean.Referring("10 % unknown foreign keys", lacksEveryTenth: true, referring),
            await CreateAsync("100 % bad", options with { TypeErrorShare = 1 }, clean),
        ];

        async Task<RejectsData> CreateAsync(string name, TripsOptions options, RejectsData? clean)
        {
            TripsFile file = await TripsFile.CreateAsync(Path.Combine(directory, $"{DatasetOf(name)}.csv"), options);
            return new RejectsData(name, file, clean, file.ExpectedRejects);
        }
    }

    /// <summary>The same file, into a table whose trip_id refers to another.</summary>
    private RejectsData Referring(string name, bool lacksEveryTenth, RejectsData? clean)
    {
        string reference = $"public.{DatasetOf(name)}_reference";
        string those = lacksEveryTenth ? "WHERE n % 10 <> 0" : "";
        List<ExpectedReject> unknown = [];
        for (long record = 10; lacksEveryTenth && record <= File.Rows; record += 10)
        {
            unknown.Add(new ExpectedReject(Line: 0, record, "trip_id", "foreign_key"));
        }

        return new RejectsData(name, File, clean, unknown)
        {
            ReferenceSql = $"""
                CREATE TABLE {reference} (trip_id bigint PRIMARY KEY);
                INSERT INTO {reference} SELECT n FROM generate_series(1, {File.Rows}) n {those};
                ALTER TABLE public.{DatasetOf(name)} ADD FOREIGN KEY (trip_id) REFERENCES {reference}
                """,
        };
    }

    private static string DatasetOf(string name) =>
        "bench_rejects_" + string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
