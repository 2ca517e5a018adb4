using PipelineService.Client;
using PipelineService.Core.Jobs;

namespace PipelineService.Benchmarks.Harness;

/// <summary>A figure counts only when the work behind it was done: every benchmark checks its own result.</summary>
internal static class Check
{
    public static void That(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new CheckFailedException(otherwise);
        }
    }

    /// <remarks>Writes its message only when it is needed: micro-benchmarks count what they allocate.</remarks>
    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new CheckFailedException($"{what}: expected {expected}, found {actual}.");
        }
    }

    /// <summary>The job ended well and its counts are these.</summary>
    public static void Loaded(ObservedJob job, long loaded, long rejected = 0)
    {
        That(
            job.State == (rejected == 0 ? JobState.Succeeded : JobState.PartiallySucceeded),
            $"job {job.Id} is {job.State.ToText()}, {job.Records}: {job.Error}");
        Equal(new RecordCounts(loaded + rejected, loaded, rejected, 0), job.Records, $"records of job {job.Id}");
    }
}

/// <summary>A benchmark's result is wrong, so its figures are void.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);
