namespace PipelineService.Tests.Infrastructure;

/// <summary>Waits that end with a sentence instead of a hanging run.</summary>
internal static class BoundedWait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <param name="what">Completes "waited for …".</param>
    public static async Task Within(this Task task, string what)
    {
        try
        {
            await task.WaitAsync(Limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Waited {Limit.TotalSeconds} s for {what}.");
        }
    }

    /// <summary>For what gives no signal, such as a file that another thread removes: looks again and again.</summary>
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
                await Task.Delay(Poll, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }

    /// <inheritdoc cref="Within(Task, string)"/>
    public static async Task<T> Within<T>(this Task<T> task, string what)
    {
        await ((Task)task).Within(what);
        return await task;
    }
}
