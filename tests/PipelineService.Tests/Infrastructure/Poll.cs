namespace PipelineService.Tests.Infrastructure;

/// <summary>Waits for what gives no signal, such as a file that another thread removes: looks again and again, for a bounded time.</summary>
internal static class Poll
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <param name="what">Completes "waited for …".</param>
    public static Task UntilAsync(string what, Func<bool> condition) => UntilAsync(what, () => Task.FromResult(condition()));

    /// <inheritdoc cref="UntilAsync(string, Func{bool})"/>
    public static Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        return LookAsync().Within(what);

        async Task LookAsync()
        {
            while (!await condition())
            {
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }
}
