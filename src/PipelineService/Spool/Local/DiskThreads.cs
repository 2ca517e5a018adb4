namespace PipelineService.Spool.Local;

/// <summary>
/// Runs calls that block until the disk has answered: flushes and renames. On threads of their own, because uploads
/// that end together on a slow disk would take all those of the pool, and with them every request; and few at a time,
/// because a disk does no more at once.
/// </summary>
internal static class DiskThreads
{
    public const int CountMax = 8;

    private static readonly SemaphoreSlim Free = new(CountMax);

    /// <summary>
    /// Waits in the order of the calls, which are bounded by the uploads that arrive: each has one under way.
    /// </summary>
    public static async Task RunAsync(Action call)
    {
        await Free.WaitAsync();
        try
        {
            await Task.Factory.StartNew(
                call, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default);
        }
        finally
        {
            Free.Release();
        }
    }
}
