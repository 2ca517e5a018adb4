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
    /// Bytes that a model may have which is sent (<c>PUT /v1/models/{name}</c>); two at a time are held in memory while they are taken.
    /// Default 64 MiB; 1 KiB to 512 MiB.
    /// </summary>
    public long ModelBytesMax { get; init; } = 64 << 20;

    /// <summary>
    /// Memory that a model may take when it is loaded and scores a block of records, as it is tried before it is taken; one that takes
    /// more is
    /// refused. Default 1 GiB; 64 MiB to 64 GiB. A job needs as much for each model that it uses.
    /// </summary>
    public long ModelMemoryBytesMax { get; init; } = 1L << 30;

    /// <summary>
    /// How long the trial of a model may take, with the start of its process. Default 30 s; 1 s to 10 min.
    /// </summary>
    public TimeSpan ModelTrialTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Loaded models that an instance keeps for the next job while no job uses them. Default 8; 0 (each job loads its own) to 100.
    /// </summary>
    public int ModelsKeptMax { get; init; } = 8;

    /// <summary>
    /// How long after the end of a job what it adds to views is kept by itself: reverted within that time, it is taken out of them at once;
    /// later, what was put together is made anew from the table. Default 1 h; 1 min to 30 days. A view is read as fast as it has groups, and
    /// groups of such jobs.
    /// </summary>
    public TimeSpan ViewFoldAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Groups that a view may have; one with more is refused. Default 2,000,000; 1,000 to 100,000,000. Each takes some 100 bytes.</summary>
    public long ViewGroupsMax { get; init; } = 2_000_000;

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
        RuleFor(o => o.ModelBytesMax).InclusiveBetween(1 << 10, 512L << 20);
        RuleFor(o => o.ModelMemoryBytesMax).InclusiveBetween(64L << 20, 64L << 30);
        RuleFor(o => o.ModelTrialTime).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        RuleFor(o => o.ModelsKeptMax).InclusiveBetween(0, 100);
        RuleFor(o => o.ViewFoldAfter).InclusiveBetween(TimeSpan.FromMinutes(1), TimeSpan.FromDays(30));
        RuleFor(o => o.ViewGroupsMax).InclusiveBetween(1_000, 100_000_000);
        RuleFor(o => o.CacheCountMax).InclusiveBetween(1, 100_000);
    }
}
