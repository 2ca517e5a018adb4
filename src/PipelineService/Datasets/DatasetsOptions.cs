using FluentValidation;

namespace PipelineService.Datasets;

/// <summary>Section <c>Datasets</c>.</summary>
public sealed class DatasetsOptions
{
    public const string Section = "Datasets";

    /// <summary>
    /// How old a definition may be that uploads go by, where another instance has changed it. Changes made through this
    /// instance count at once. While the database is away, the last known definition serves whatever its age.
    /// Default 1 s; 0 to 1 min. Shorter costs one small query per dataset and period.
    /// </summary>
    public TimeSpan CacheAge { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How many datasets, and how many of their versions, are kept compiled. Default 1,000; 1 to 100,000. One with ten
    /// fields takes some 10 kB.
    /// </summary>
    public int CacheCountMax { get; init; } = 1_000;

    /// <summary>
    /// Secrets that definitions may name, by their names: keys and salts of the op <c>hash</c>. They appear nowhere else: not in
    /// definitions, jobs, dead letters or logs. A definition that names one that is not here is refused, and its jobs fail. Default none.
    /// </summary>
    public Dictionary<string, string>? Secrets { get; init; }
}

public sealed class DatasetsOptionsValidator : AbstractValidator<DatasetsOptions>
{
    public DatasetsOptionsValidator()
    {
        RuleFor(o => o.CacheAge).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromMinutes(1));
        RuleFor(o => o.CacheCountMax).InclusiveBetween(1, 100_000);
    }
}
