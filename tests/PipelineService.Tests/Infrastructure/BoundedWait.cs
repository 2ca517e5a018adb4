namespace PipelineService.Tests.Infrastructure;

/// <summary>Waits that end with a sentence instead of a hanging run.</summary>
internal static class BoundedWait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

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

    /// <inheritdoc cref="Within(Task, string)"/>
    public static async Task<T> Within<T>(this Task<T> task, string what)
    {
        await ((Task)task).Within(what);
        return await task;
    }
}
