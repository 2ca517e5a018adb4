using Dapper;
using PipelineService.Access;

namespace PipelineService.Figures;

/// <summary>Which figures somebody wants, of what they may see.</summary>
internal sealed record StatsQuestion(Caller Caller)
{
    public bool ByDataset { get; init; }

    public bool BySource { get; init; }

    /// <summary>Null: all.</summary>
    public DatasetPatterns? Datasets { get; init; }

    /// <summary>Empty: uploads that named none; null: all.</summary>
    public string? Source { get; init; }

    /// <summary>Inclusive, a whole minute.</summary>
    public DateTime From { get; init; }

    /// <summary>Exclusive, a whole minute.</summary>
    public DateTime To { get; init; }

    /// <summary>Whole minutes.</summary>
    public TimeSpan Step { get; init; }

    /// <summary>Groups at most.</summary>
    public int Limit { get; init; }

    public int Steps => (int)Math.Min(int.MaxValue, ((To - From).Ticks + Step.Ticks - 1) / Step.Ticks);

    /// <summary>As the statements of <see cref="FigureSql"/> name them.</summary>
    /// <param name="groups">Those that were found; for what comes behind the sums.</param>
    public DynamicParameters Values(IReadOnlyList<(string Dataset, string Source)> groups)
    {
        DynamicParameters values = new();
        values.AddDynamicParams(new
        {
            ByDataset,
            BySource,
            Source,
            From,
            To,
            Limit,
            StepSeconds = (long)Step.TotalSeconds,
            Names = Datasets?.Names,
            Prefixes = Datasets?.Prefixes,
            CallerNames = Caller.Datasets.Names,
            CallerPrefixes = Caller.Datasets.Prefixes,
            CallerSource = Caller.Source,
            Caller.Tenant,
            Datasets = groups.Select(group => group.Dataset).ToArray(),
            Sources = groups.Select(group => group.Source).ToArray(),
        });
        return values;
    }
}
