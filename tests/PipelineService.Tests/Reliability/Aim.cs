using PipelineService.Write;

namespace PipelineService.Tests.Reliability;

/// <summary>Which stage a fault is to hit. Those that last a millisecond are met by lying in wait for them.</summary>
internal enum Stage
{
    /// <summary>No aim: a random instant.</summary>
    Any,
    Receiving,
    Sealing,
    Running,
    InCopy,
    InCommit,

    /// <summary>One of several sessions of a job has committed, the others have not.</summary>
    Committing,

    /// <summary>What jobs that ended long ago add to a view is being put together.</summary>
    Folding,

    /// <summary>The service starts after a kill.</summary>
    Recovering,
}

/// <summary>Waits for the moment at which uploads or jobs are at a stage.</summary>
internal static class Aim
{
    /// <summary>Where a body of some kilobytes passes the stage again and again; else the fault strikes anyway.</summary>
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(2);

    /// <summary>Views are looked after every five seconds.</summary>
    private static readonly TimeSpan FoldAgeMax = TimeSpan.FromSeconds(6);

    /// <returns>Whether the stage was met. What the proxy holds back then is released by <see cref="TcpProxy.Lay"/>.</returns>
    public static async Task<bool> TakeAsync(
        Stage stage, bool holds, TcpProxy proxy, string spool, CancellationToken cancellationToken)
    {
        using FileSystemWatcher watcher = new(spool);
        Task met = stage switch
        {
            Stage.Receiving => Created(watcher, "*.data"),
            Stage.Sealing => Created(watcher, "*.json.new"),
            Stage.InCopy => Laid(new Ambush(holds, "FROM STDIN")),
            Stage.InCommit => Laid(new Ambush(holds, "COMMIT\0")),
            Stage.Committing => Laid(new Ambush(holds: true, WriteSql.EnterCommitting, "COMMIT\0")),
            Stage.Folding => Laid(new Ambush(holds, "WITH taken AS (DELETE FROM pipeline.view_")),
            _ => throw new ArgumentOutOfRangeException(nameof(stage), stage, "Nobody can lie in wait for that."),
        };
        TimeSpan ageMax = stage == Stage.Folding ? FoldAgeMax : AgeMax;
        return await Task.WhenAny(met, Task.Delay(ageMax, TimeProvider.System, cancellationToken)) == met;

        Task Laid(Ambush ambush)
        {
            proxy.Lay(ambush);
            return ambush.Struck;
        }
    }

    private static Task Created(FileSystemWatcher watcher, string pattern)
    {
        TaskCompletionSource created = new(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Filter = pattern;
        watcher.Created += (_, _) => created.TrySetResult();
        watcher.EnableRaisingEvents = true;
        return created.Task;
    }
}
