namespace PipelineService.Figures;

/// <summary>Section <c>Figures</c>: how long it is known what became of records in each minute.</summary>
public sealed class FiguresOptions
{
    public const string Section = "Figures";

    /// <summary>
    /// How long the figures of a minute are kept. Default 90 days, range 1 day to 3,650 days. A minute takes some 150 bytes for each
    /// dataset and source of which a job has ended in it, and as much again for each different latency and code of rejects.
    /// </summary>
    public TimeSpan Keep { get; init; } = TimeSpan.FromDays(90);
}
