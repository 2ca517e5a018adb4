using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Quality;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs.Quality;

/// <summary>What the rules of its dataset say of a job.</summary>
/// <param name="State">`breach` when one is broken; else `learning` when one has too few jobs before it; else `pass`.</param>
/// <param name="OnBreach">What becomes of a job that breaks one.</param>
/// <param name="Rules">One for each rule, in their order.</param>
/// <param name="Decision">What somebody decided on it; null while nobody has.</param>
public sealed record QualityView(
    RuleState State, BreachAction OnBreach, IReadOnlyList<RuleView> Rules, DecisionView? Decision)
{
    internal static QualityView Of(QualityPolicy policy, QualityVerdict verdict) =>
        new(verdict.State, policy.OnBreach, [.. verdict.Rules.Select(RuleView.Of)], Decision: null);

    internal static QualityView? Of(JobRow row) =>
        row.Quality is { } json ? JsonSerializer.Deserialize<QualityView>(json, PipelineJson.Options) : null;

    internal string ToJson() => JsonSerializer.Serialize(this, PipelineJson.Options);
}

/// <summary>What one rule says of a job.</summary>
/// <param name="Metric">The figure, by its word in the definition.</param>
/// <param name="Field">The column that it is of; null where it is of the job.</param>
/// <param name="State">`no_value`: the job has nothing to hold it against, no values or too many different ones.</param>
/// <param name="Value">The figure of the job; of `newValues` how many there are.</param>
/// <param name="Usual">What is usual; null where no bound asks for it.</param>
/// <param name="Lower">The least that is borne; null for no bound.</param>
/// <param name="Upper">The most that is borne; null for no bound.</param>
/// <param name="NewValues">The first ten of the values that no job before had.</param>
public sealed record RuleView(
    [property: Words("QualityMetric", typeof(DefinitionWords), nameof(DefinitionWords.Metrics))] string Metric,
    string? Field, RuleState State, double? Value, UsualView? Usual, double? Lower, double? Upper, IReadOnlyList<string>? NewValues)
{
    internal static RuleView Of(RuleVerdict rule) => new(
        DefinitionWords.Metrics.WordFor(rule.Metric),
        rule.Field,
        rule.State,
        rule.Value,
        rule.Jobs is { } jobs ? new UsualView(rule.Median, rule.Deviation, jobs) : null,
        rule.Lower,
        rule.Upper,
        rule.NewValues);
}

/// <param name="Median">Half of the jobs before have more; null of `newValues`.</param>
/// <param name="Deviation">The median of their distances from it.</param>
/// <param name="Jobs">How many jobs before have the figure.</param>
public sealed record UsualView(double? Median, double? Deviation, int Jobs);

/// <param name="Outcome">`expired`: nobody had decided in time.</param>
/// <param name="By">Who it was, as the audit names them.</param>
public sealed record DecisionView(
    [property: Words("DecisionOutcome", "approved", "rejected", "expired")] string Outcome, string By, DateTime At)
{
    internal const string Approved = "approved", Rejected = "rejected", Expired = "expired";

    internal string ToJson() => JsonSerializer.Serialize(this, PipelineJson.Options);
}
