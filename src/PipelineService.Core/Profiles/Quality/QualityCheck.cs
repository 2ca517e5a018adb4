using System.Collections.Immutable;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Profiles.Quality;

/// <summary>
/// Holds the figures of a job against the rules of its dataset and against those of the jobs before. A function of these alone: the same
/// figures have the same verdict.
/// </summary>
public static class QualityCheck
{
    /// <summary>New values that a verdict shows.</summary>
    private const int ShownMax = 10;

    /// <param name="before">Of jobs that were as they should be, in any order; no more than the policy asks for.</param>
    public static QualityVerdict Check(QualityPolicy policy, JobFigures job, IReadOnlyList<JobFigures> before)
    {
        ImmutableArray<RuleVerdict> rules = [.. policy.Rules.Select(rule => Check(rule, policy.Jobs, job, before))];
        return new QualityVerdict(
            rules.Any(rule => rule.State == RuleState.Breach) ? RuleState.Breach
            : rules.Any(rule => rule.State == RuleState.Learning) ? RuleState.Learning
            : RuleState.Pass,
            rules);
    }

    private static RuleVerdict Check(QualityRule rule, int jobs, JobFigures job, IReadOnlyList<JobFigures> before)
    {
        if (rule.Metric == QualityMetric.NewValues)
        {
            return CheckNewValues(rule, jobs, job, before);
        }

        RuleVerdict verdict = new(rule.Metric, rule.Field, RuleState.Pass);
        if (job.ValueOf(rule) is not double value)
        {
            return verdict with { State = RuleState.NoValue };
        }

        double? least = rule.Min, most = rule.Max;
        if (rule.FallMax is not null || rule.RiseMax is not null)
        {
            var usual = Baseline.Of([.. before.Select(earlier => earlier.ValueOf(rule)).OfType<double>()]);
            verdict = verdict with { Median = usual.Median, Deviation = usual.Deviation, Jobs = usual.Jobs };
            if (usual.Jobs >= jobs)
            {
                least = Tighter(least, rule.FallMax is { } fall ? usual.Median - DistanceOf(rule, fall, usual) : null, Math.Max);
                most = Tighter(most, rule.RiseMax is { } rise ? usual.Median + DistanceOf(rule, rise, usual) : null, Math.Min);
            }
            else
            {
                verdict = verdict with { State = RuleState.Learning };
            }
        }

        verdict = verdict with { Value = value, Lower = least, Upper = most };
        return value < least || value > most ? verdict with { State = RuleState.Breach } : verdict;
    }

    /// <summary>What the rule bears, and no less than what means nothing.</summary>
    private static double DistanceOf(QualityRule rule, double borne, Baseline usual) => Math.Max(
        rule.Metric is QualityMetric.NullRatio or QualityMetric.RejectRatio ? borne : borne * Math.Abs(usual.Median), usual.Noise);

    private static double? Tighter(double? one, double? other, Func<double, double, double> choose) =>
        one is { } a && other is { } b ? choose(a, b) : one ?? other;

    private static RuleVerdict CheckNewValues(QualityRule rule, int jobs, JobFigures job, IReadOnlyList<JobFigures> before)
    {
        RuleVerdict verdict = new(rule.Metric, rule.Field, RuleState.NoValue) { Upper = rule.Max };
        if (KnownOf(job, rule) is not { } values)
        {
            return verdict; // too many to be kept, or the column was not sent
        }

        IReadOnlyList<string>[] known = [.. before.Select(earlier => KnownOf(earlier, rule)).OfType<IReadOnlyList<string>>()];
        verdict = verdict with { Jobs = known.Length };
        if (known.Length < jobs)
        {
            return verdict with { State = RuleState.Learning };
        }

        var old = known.SelectMany(names => names).ToHashSet(StringComparer.Ordinal);
        string[] strange = [.. values.Where(value => !old.Contains(value))];
        return verdict with
        {
            State = strange.Length > rule.Max ? RuleState.Breach : RuleState.Pass,
            Value = strange.Length,
            NewValues = [.. strange.Take(ShownMax)],
        };
    }

    private static IReadOnlyList<string>? KnownOf(JobFigures job, QualityRule rule) => job.Fields.GetValueOrDefault(rule.Field!)?.Known;
}
