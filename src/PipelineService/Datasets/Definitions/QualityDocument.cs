using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions;

/// <summary>What the rows of an upload must be like, measured by those of the uploads before.</summary>
public sealed record QualityDocument
{
    /// <summary>The jobs that make up what is usual.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BaselineDocument? Baseline { get; init; }

    [MaxLength(QualityPolicy.RulesMax)]
    public required IReadOnlyList<QualityRuleDocument> Rules { get; init; }

    /// <summary>
    /// What becomes of an upload that breaks a rule. `warn`: it is loaded, and told; `hold`: nothing is loaded until somebody approves it;
    /// `fail`: nothing is loaded. The last two need `load.commit: "job"`.
    /// </summary>
    [DefaultValue("warn")]
    [Words("BreachAction", typeof(DefinitionWords), nameof(DefinitionWords.BreachActions))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OnBreach { get; init; }

    internal static QualityDocument Of(QualityPolicy policy) => new()
    {
        Baseline = new BaselineDocument
        {
            Jobs = policy.Jobs,
            By =
            [
                .. policy.BySource ? [QualityReader.Source] : Array.Empty<string>(),
                .. policy.ByWeekday ? [QualityReader.Weekday] : Array.Empty<string>(),
            ],
        },
        Rules =
        [
            .. policy.Rules.Select(rule => new QualityRuleDocument
            {
                Metric = DefinitionWords.Metrics.WordFor(rule.Metric),
                Field = rule.Field,
                FallMax = rule.FallMax,
                RiseMax = rule.RiseMax,
                Min = rule.Min,
                Max = rule.Max,
            }),
        ],
        OnBreach = DefinitionWords.BreachActions.WordFor(policy.OnBreach),
    };
}

/// <summary>The jobs that make up what is usual: the last ones that broke no rule, or were approved.</summary>
public sealed record BaselineDocument
{
    /// <summary>How many; with fewer of them a rule is learning, and breaks nothing.</summary>
    [DefaultValue(QualityPolicy.JobsDefault)]
    [Range(2, QualityPolicy.JobsMax)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Jobs { get; init; }

    /// <summary>
    /// Only those of the same `source`, of the same `weekday` (UTC), or both, which is the default; with none of them all.
    /// </summary>
    [Words("BaselineKey", QualityReader.Source, QualityReader.Weekday)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? By { get; init; }
}

/// <summary>One bound or several on one figure of a job.</summary>
public sealed record QualityRuleDocument
{
    /// <summary>
    /// The figure. Of the job: `rows` that are loaded, `rejectRatio`. Of a field: `nullRatio` and `distinct`; of numbers `mean`, `min`,
    /// `max`, `sum`; of texts `meanLength`; `newValues`: how many different values it has that none of the jobs before had.
    /// </summary>
    [Words("QualityMetric", typeof(DefinitionWords), nameof(DefinitionWords.Metrics))]
    public required string Metric { get; init; }

    /// <summary>The field that it is of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Field { get; init; }

    /// <summary>How far it may be below what is usual: 0.4 is 40 % less; of a ratio the difference.</summary>
    [Range(0, 1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FallMax { get; init; }

    /// <summary>How far it may be above what is usual: 0.4 is 40 % more; of a ratio the difference.</summary>
    [Range(0, QualityReader.RiseLimit)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RiseMax { get; init; }

    /// <summary>The least that it may be, whatever is usual.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Min { get; init; }

    /// <summary>The most that it may be, whatever is usual.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Max { get; init; }
}
