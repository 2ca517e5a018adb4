using System.Diagnostics;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Waits for what another process or thread does and tells nobody: bounded, and says what did not happen.</summary>
public static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static async Task TrueAsync(Func<Task<bool>> condition, string expectation)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"Did not happen within {Patience}: {expectation}.");
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}
