namespace PipelineService.Core.Profiles.Quality;

/// <summary>What is usual: the median of a figure of some jobs, and how far they mostly are from it.</summary>
/// <param name="Median">Half of them have more.</param>
/// <param name="Deviation">The median of the distances from it: one strange job, or two, change neither.</param>
/// <param name="Jobs">How many have the figure.</param>
public readonly record struct Baseline(double Median, double Deviation, int Jobs)
{
    /// <summary>Of values of a normal distribution the standard deviation is as many median distances.</summary>
    private const double SigmaOfDeviation = 1.4826;

    /// <summary>So many standard deviations are nothing strange, whatever a rule says.</summary>
    private const double Tolerance = 4;

    public static Baseline Of(IReadOnlyCollection<double> values)
    {
        double median = MedianOf(values);
        return new Baseline(median, MedianOf([.. values.Select(value => Math.Abs(value - median))]), values.Count);
    }

    /// <summary>How far a figure may be from the median without meaning anything.</summary>
    public double Noise => Tolerance * SigmaOfDeviation * Deviation;

    private static double MedianOf(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0)
        {
            return 0;
        }

        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : sorted[middle - 1] + ((sorted[middle] - sorted[middle - 1]) / 2);
    }
}
