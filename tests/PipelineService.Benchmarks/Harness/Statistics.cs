namespace PipelineService.Benchmarks.Harness;

/// <summary>Order statistics of the values of one run: no means, which one disturbed round would spoil.</summary>
internal static class Statistics
{
    public static double Median(this IReadOnlyCollection<double> values) => values.Percentile(0.5);

    /// <summary>The nearest rank: the least value that so large a share of all values does not exceed.</summary>
    public static double Percentile(this IReadOnlyCollection<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        if (share == 0.5 && sorted.Length % 2 == 0)
        {
            return (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
        }

        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }
}
