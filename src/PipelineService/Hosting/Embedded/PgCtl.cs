using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>Starts and stops the server of a data folder with PostgreSQL's own tool, as the right user.</summary>
internal sealed class PgCtl(
    EmbeddedPostgresSettings settings, PostgresBinaries binaries, ServerAccount account, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <returns>The server's process id.</returns>
    /// <exception cref="StartupException">It did not start; the message holds the end of its log.</exception>
    public async Task<int> StartAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        long asked = time.GetTimestamp();
        while (true)
        {
            CommandResult start = await RunAsync(
                ["start", "-D", cluster.Folder, "-l", cluster.Log], settings.StartTimeout, cancellationToken);
            if (start.Succeeded && Postmaster.ReadProcessId(cluster.Folder) is { } processId)
            {
                return processId;
            }

            start.ThrowIfInterrupted();

            string log = File.Exists(cluster.Log)
                ? await File.ReadAllTextAsync(cluster.Log, cancellationToken)
                : string.Empty;

            // The sessions of a killed server end one by one, and until then keep its memory: wait for them.
            bool sessionsRemain = log.Contains("still in use", StringComparison.Ordinal);
            if (!sessionsRemain || time.GetElapsedTime(asked) > settings.StartTimeout)
            {
                throw new StartupException(
                    $"PostgreSQL did not start in {cluster.Folder}. {start.Output}\nIts log says:\n{log}");
            }

            File.Delete(cluster.Log);
            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    /// <summary>Stops this process if it is the server of the folder, and returns when it is gone.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="processId">What is taken for its server.</param>
    /// <param name="mode">fast: ends sessions and writes a checkpoint. immediate: as if it crashed.</param>
    /// <param name="cancellationToken">Ends the wait, not the stop.</param>
    /// <exception cref="StartupException">It does not stop.</exception>
    public async Task StopAsync(string folder, int processId, string mode, CancellationToken cancellationToken)
    {
        if (!await Postmaster.OwnsAsync(processId, folder, cancellationToken))
        {
            return;
        }

        CommandResult stop = await RunAsync(["stop", "-D", folder, "-m", mode], settings.StopTimeout, cancellationToken);

        // pg_ctl waits for the pid file to go, which is a moment before the process does.
        for (long asked = time.GetTimestamp(); await Postmaster.OwnsAsync(processId, folder, cancellationToken);)
        {
            if (time.GetElapsedTime(asked) > settings.StopTimeout)
            {
                throw new StartupException($"The PostgreSQL in {folder} (process {processId}) does not stop. {stop.Output}");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private Task<CommandResult> RunAsync(string[] arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        ServerCommand.RunAsync(
            binaries.PgCtl,
            [.. arguments, "-s", "-w", "-t", $"{timeout.TotalSeconds:F0}"],
            cancellationToken,
            account.Name,
            captureOutput: !OperatingSystem.IsWindows()); // there the server would inherit the pipe and keep it open
}
