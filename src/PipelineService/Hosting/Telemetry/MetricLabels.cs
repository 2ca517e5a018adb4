namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// The labels of <see cref="PipelineMetrics"/> whose values others choose, each with its bound: what comes beyond is counted as "other".
/// There are as many combinations of two as datasets.
/// </summary>
internal sealed class MetricLabels(HostingOptions bounds)
{
    private const int Outcomes = 3;

    /// <summary>Datasets with distributions of their own, of which each is some fifteen series.</summary>
    private const int DistributionsMax = 100;

    /// <summary>Ways in which uploads are compressed: there are few, but any four can be put one in the other.</summary>
    private const int CodingsMax = 8;

    /// <summary>What the collecting side keeps of an instrument.</summary>
    private const int SeriesDefault = 2000;

    /// <summary>Codes and states, with the dataset <c>other</c>.</summary>
    private const int CodesMax = 200;

    private readonly BoundedPair _sourcesOfDatasets = new(bounds.MetricsDatasetsMax);

    public BoundedLabel Datasets { get; } = new(bounds.MetricsDatasetsMax);

    public BoundedLabel Sources { get; } = new(bounds.MetricsSourcesMax);

    public BoundedLabel Measured { get; } = new(DistributionsMax);

    public BoundedLabel Codings { get; } = new(CodingsMax);

    public BoundedPair DatasetsOfRejects { get; } = new(bounds.MetricsDatasetsMax);

    public BoundedPair DatasetsOfFailures { get; } = new(bounds.MetricsDatasetsMax);

    public BoundedPair OpsOfDatasets { get; } = new(bounds.MetricsDatasetsMax);

    /// <summary>
    /// Series of an instrument at most, everything that is "other" included: more than the collecting side keeps unless it is told. Room is
    /// made at the start for as many as are said.
    /// </summary>
    public static int SeriesMaxOf(string instrument, HostingOptions bounds) =>
        instrument is PipelineMetrics.Records or PipelineMetrics.JobsFinished
            ? Outcomes * ((2 * bounds.MetricsDatasetsMax) + 2)
            : Math.Max(SeriesDefault, (2 * bounds.MetricsDatasetsMax) + CodesMax);

    /// <summary>Where a dataset has more sources than are kept apart, it stays right for the dataset.</summary>
    public (KeyValuePair<string, object?> Dataset, KeyValuePair<string, object?> Source) Of(string dataset, string? source)
    {
        string label = Datasets.Of(dataset);
        return (new("dataset", label), new("source", _sourcesOfDatasets.SecondOf(label, Sources.Of(source))));
    }
}
