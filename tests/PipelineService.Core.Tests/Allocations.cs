namespace PipelineService.Core.Tests;

/// <summary>What code allocates on the heap.</summary>
internal static class Allocations
{
    private const int RunsMax = 50;

    /// <summary>
    /// Bytes that one run allocates, once the code is warm: the least of several runs, because the runtime allocates a few by
    /// itself when it moves a method to the next tier. What a run allocates each time is in all of them.
    /// </summary>
    public static long Of(Action run)
    {
        long least = long.MaxValue;
        for (int i = 0; i < RunsMax && least != 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
