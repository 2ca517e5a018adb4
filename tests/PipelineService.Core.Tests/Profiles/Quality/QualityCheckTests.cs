using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Quality;
using Xunit;

namespace PipelineService.Core.Tests.Profiles.Quality;

/// <summary>
/// Verdicts over weeks of uploads by chance (the seed is told): every day one, fewer rows on weekends, noise on every figure. What is
/// wrong is found, and what is calm is left alone.
/// </summary>
public sealed class QualityCheckTests
{
    private const int Weeks = 12;
    private const int Baseline = 8;

    private static readonly QualityPolicy Policy = new(
        Baseline, BySource: true, ByWeekday: true,
        [
            new QualityRule(QualityMetric.Rows, null, FallMax: 0.4, RiseMax: 1),
            new QualityRule(QualityMetric.RejectRatio, null, RiseMax: 0.05),
            new QualityRule(QualityMetric.NullRatio, "email", RiseMax: 0.02),
            new QualityRule(QualityMetric.Mean, "amount", FallMax: 0.3, RiseMax: 0.3),
            new QualityRule(QualityMetric.Distinct, "region", FallMax: 0.1),
            new QualityRule(QualityMetric.NewValues, "status", Max: 0),
        ],
        BreachAction.Warn);

    private static readonly string[] Statuses = ["cancelled", "new", "paid", "shipped"];

    public static TheoryData<string> Drifts => ["fall", "nulls", "unit", "category", "partition"];

    [Theory]
    [MemberData(nameof(Drifts))]
    public void Eight_drifts_of_each_kind_are_found(string drift)
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        for (int i = 0; i < 8; i++)
        {
            Random random = new(seed + i);
            List<(int Day, JobFigures Job)> jobs = [.. Enumerable.Range(0, Weeks * 7).Select(day => (day, Calm(random, day)))];
            int today = (Weeks * 7) + random.Next(7);

            QualityVerdict verdict = QualityCheck.Check(Policy, Drifted(random, today, drift), BeforeOf(jobs, today));

            Assert.Equal(RuleState.Breach, verdict.State);
            RuleVerdict broken = Assert.Single(verdict.Rules, rule => rule.State == RuleState.Breach);
            Assert.Equal(RuleOf(drift), broken.Metric);
        }
    }

    [Fact]
    public void Two_hundred_calm_days_raise_no_alarm()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        Random random = new(seed);
        List<(int Day, JobFigures Job)> jobs = [.. Enumerable.Range(0, Baseline * 7).Select(day => (day, Calm(random, day)))];
        for (int day = Baseline * 7; day < (Baseline * 7) + 200; day++)
        {
            JobFigures job = Calm(random, day);
            QualityVerdict verdict = QualityCheck.Check(Policy, job, BeforeOf(jobs, day));
            Assert.True(
                verdict.State == RuleState.Pass,
                string.Join(", ", verdict.Rules.Where(rule => rule.State != RuleState.Pass).Select(rule => $"day {day}: {rule}")));
            jobs.Add((day, job));
        }
    }

    [Fact]
    public void It_learns_until_there_are_jobs_enough_and_bounds_of_its_own_hold_at_once()
    {
        Random random = new(1);
        JobFigures[] few = [.. Enumerable.Range(0, Baseline - 1).Select(week => Calm(random, week * 7))];
        Assert.Equal(RuleState.Learning, QualityCheck.Check(Policy, Drifted(random, 0, "fall"), few).State);

        QualityPolicy bounded = Policy with { Rules = [new QualityRule(QualityMetric.Rows, null, FallMax: 0.1, Min: 5, Max: 10)] };
        Assert.Equal(RuleState.Learning, QualityCheck.Check(bounded, With(rows: 7), []).State);
        Assert.Equal(RuleState.Breach, QualityCheck.Check(bounded, With(rows: 4), []).State);
        Assert.Equal(RuleState.Breach, QualityCheck.Check(bounded, With(rows: 11), []).State);
    }

    [Fact]
    public void Only_the_side_that_a_rule_names_is_looked_at()
    {
        JobFigures[] before = [.. Enumerable.Range(0, Baseline).Select(_ => With(rows: 1_000))];
        QualityPolicy falling = Policy with { Rules = [new QualityRule(QualityMetric.Rows, null, FallMax: 0.4)] };
        QualityPolicy rising = Policy with { Rules = [new QualityRule(QualityMetric.Rows, null, RiseMax: 0.4)] };

        Assert.Equal(RuleState.Pass, QualityCheck.Check(falling, With(rows: 1_000_000), before).State);
        Assert.Equal(RuleState.Pass, QualityCheck.Check(falling, With(rows: 600), before).State);
        Assert.Equal(RuleState.Breach, QualityCheck.Check(falling, With(rows: 599), before).State);
        Assert.Equal(RuleState.Pass, QualityCheck.Check(rising, With(rows: 0), before).State);
        Assert.Equal(RuleState.Breach, QualityCheck.Check(rising, With(rows: 1_401), before).State);
    }

    /// <summary>Nothing is legitimate, or silent: the jobs before say which.</summary>
    [Fact]
    public void No_rows_are_as_usual_where_they_are_usual()
    {
        JobFigures[] empty = [.. Enumerable.Range(0, Baseline).Select(_ => With(rows: 0))];
        JobFigures[] full = [.. Enumerable.Range(0, Baseline).Select(_ => With(rows: 100))];
        QualityPolicy policy = Policy with
        {
            Rules =
            [
                new QualityRule(QualityMetric.Rows, null, FallMax: 0.4), new QualityRule(QualityMetric.NullRatio, "email", RiseMax: 0.02),
                new QualityRule(QualityMetric.Mean, "amount", FallMax: 0.3),
            ],
        };

        QualityVerdict verdict = QualityCheck.Check(policy, With(rows: 0), empty);
        Assert.Equal([RuleState.Pass, RuleState.NoValue, RuleState.NoValue], verdict.Rules.Select(rule => rule.State));
        Assert.Equal(RuleState.Breach, QualityCheck.Check(policy, With(rows: 0), full).Rules[0].State);
    }

    /// <summary>One strange job among those before, or two, change nothing.</summary>
    [Fact]
    public void What_is_usual_bears_strange_jobs_before()
    {
        JobFigures[] before = [.. Enumerable.Range(0, Baseline).Select(i => With(rows: i < 2 ? 1_000_000 : 1_000 + i))];
        Assert.Equal(RuleState.Breach, QualityCheck.Check(Policy, With(rows: 100), before).Rules[0].State);
        Assert.Equal(RuleState.Pass, QualityCheck.Check(Policy, With(rows: 990), before).Rules[0].State);
    }

    [Fact]
    public void Values_that_are_too_many_are_not_told_new()
    {
        JobFigures[] before = [.. Enumerable.Range(0, Baseline).Select(_ => With(rows: 10))];
        JobFigures job = With(rows: 10, known: null);
        QualityPolicy policy = Policy with { Rules = [new QualityRule(QualityMetric.NewValues, "status", Max: 0)] };
        Assert.Equal(RuleState.Pass, QualityCheck.Check(policy, job, before).State);
        Assert.Equal(RuleState.NoValue, QualityCheck.Check(policy, job, before).Rules[0].State);

        RuleVerdict strange = QualityCheck.Check(policy, With(rows: 10, ["paid", "x1", "x2"]), before).Rules[0];
        Assert.Equal((RuleState.Breach, 2d), (strange.State, strange.Value));
        Assert.Equal(["x1", "x2"], strange.NewValues);
    }

    private static IReadOnlyList<JobFigures> BeforeOf(List<(int Day, JobFigures Job)> jobs, int today) =>
        [.. jobs.Where(job => job.Day % 7 == today % 7).TakeLast(Baseline).Select(job => job.Job)];

    /// <summary>A day as all others: 10,000 rows, a third of that on weekends.</summary>
    private static JobFigures Calm(Random random, int day)
    {
        double level = day % 7 >= 5 ? 3_000 : 10_000;
        long rows = (long)(level * (1 + (Noise(random) * 0.05)));
        long nulls = (long)(rows * Math.Max(0, 0.01 + (Noise(random) * 0.002)));
        return new JobFigures(rows, rows + (rows / 100), rows / 100, ImmutableDictionary.CreateRange<string, FieldFigures>(
        [
            KeyValuePair.Create("email", Of(rows, nulls)),
            KeyValuePair.Create("amount", Of(rows, 0) with { Mean = 50 * (1 + (Noise(random) * 0.04)) }),
            KeyValuePair.Create("region", Of(rows, 0) with { Distinct = 12 }),
            KeyValuePair.Create("status", Of(rows, 0) with { Known = Statuses }),
        ]));
    }

    private static JobFigures Drifted(Random random, int day, string drift)
    {
        JobFigures calm = Calm(random, day);
        FieldFigures email = calm.Fields["email"], amount = calm.Fields["amount"], region = calm.Fields["region"];
        return drift switch
        {
            "fall" => calm with { Rows = (long)(calm.Rows * (0.05 + (random.NextDouble() * 0.35))) },
            "nulls" => Change("email", Of(calm.Rows, email.Nulls + (long)(calm.Rows * (0.05 + (random.NextDouble() * 0.9))))),
            "unit" => Change("amount", amount with { Mean = amount.Mean * (random.Next(2) == 0 ? 100 : 0.01) }),
            "category" => Change("status", Of(calm.Rows, 0) with { Known = [.. Statuses, $"status {random.Next()}"] }),
            _ => Change("region", region with { Distinct = 12 - 2 - random.Next(8) }),
        };

        JobFigures Change(string field, FieldFigures figures) =>
            calm with { Fields = calm.Fields.ToImmutableDictionary().SetItem(field, figures) };
    }

    private static QualityMetric RuleOf(string drift) => drift switch
    {
        "fall" => QualityMetric.Rows,
        "nulls" => QualityMetric.NullRatio,
        "unit" => QualityMetric.Mean,
        "category" => QualityMetric.NewValues,
        _ => QualityMetric.Distinct,
    };

    private static JobFigures With(long rows) => With(rows, Statuses);

    private static JobFigures With(long rows, IReadOnlyList<string>? known) => new(rows, rows, 0, ImmutableDictionary.CreateRange(
    [
        KeyValuePair.Create("email", Of(rows, 0)),
        KeyValuePair.Create("amount", Of(rows, 0) with { Mean = rows > 0 ? 50 : null }),
        KeyValuePair.Create("region", Of(rows, 0)),
        KeyValuePair.Create("status", Of(rows, 0) with { Known = known }),
    ]));

    private static FieldFigures Of(long rows, long nulls) =>
        new(rows - nulls, nulls, Distinct: 10, Mean: null, Min: null, Max: null, Sum: null, MeanLength: null, Known: null);

    /// <summary>About normal, between −3 and 3.</summary>
    private static double Noise(Random random) => Enumerable.Range(0, 6).Sum(_ => random.NextDouble() - 0.5) * 1.41;
}
