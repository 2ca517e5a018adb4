namespace PipelineService.Tests.Infrastructure;

/// <summary>Waits for what nothing tells of, by looking again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <param name="what">Completes "waited for …".</param>
    public static Task HoldsAsync(Func<Task<bool>> condition, string what)
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

    /// <summary>Waits until a statement waits in the database for a lock.</summary>
    /// <param name="text">Part of the statement.</param>
    public static Task IsBlockedAsync(TestDatabase database, string text) => HoldsAsync(
        () => database.ScalarAsync<bool>($"""
            SELECT EXISTS (SELECT FROM pg_stat_activity
                           WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
                             AND position('{text}' IN query) > 0)
            """),
        $"a statement with '{text}' to wait for a lock");
}
