using System.Diagnostics;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Embedded;

/// <summary>What a command said: its exit code, and standard output followed by standard error.</summary>
internal readonly record struct CommandResult(int ExitCode, string Output)
{
    private const int Interrupted = 130;
    private const int Terminated = 143;

    public bool Succeeded => ExitCode == 0;

    /// <summary>
    /// Stands for the end of a program by a signal, which is no fault of the machine: its own end, or that of a program that it
    /// ran (initdb says then "caught signal", or "child process was terminated by signal 2").
    /// </summary>
    /// <exception cref="StartupInterruptedException">It ended so.</exception>
    public void ThrowIfInterrupted()
    {
        if (ExitCode is Interrupted or Terminated
            || (!Succeeded && (Output.Contains("caught signal", StringComparison.Ordinal)
                || Output.Contains("terminated by signal 2:", StringComparison.Ordinal)
                || Output.Contains("terminated by signal 15:", StringComparison.Ordinal))))
        {
            throw new StartupInterruptedException(Output);
        }
    }
}

/// <summary>Runs a command to its end, as another user where one is given.</summary>
internal static class ServerCommand
{
    public static async Task<CommandResult> RunAsync(
        string fileName,
        IEnumerable<string> arguments,
        CancellationToken cancellationToken,
        string? user = null,
        string? input = null,
        bool captureOutput = true)
    {
        using var process = new Process { StartInfo = Describe(fileName, arguments, user) };
        process.StartInfo.RedirectStandardOutput = captureOutput;
        process.StartInfo.RedirectStandardError = captureOutput;
        process.Start();
        try
        {
            Task<string> output = Read(captureOutput, () => process.StandardOutput, cancellationToken);
            Task<string> error = Read(captureOutput, () => process.StandardError, cancellationToken);
            if (input is not null)
            {
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(cancellationToken);
            return new CommandResult(process.ExitCode, (await output + await error).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>
    /// How every process of the private server is started: in a folder that any user may enter, and without the PG*
    /// variables that are meant for somebody else's server.
    /// </summary>
    public static ProcessStartInfo Describe(string fileName, IEnumerable<string> arguments, string? user)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            WorkingDirectory = Path.GetPathRoot(Path.GetFullPath(fileName))!,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        if (user is not null && !OperatingSystem.IsWindows())
        {
            start.UserName = user;
        }

        return start;
    }

    private static Task<string> Read(bool capture, Func<StreamReader> reader, CancellationToken cancellationToken) =>
        capture ? reader().ReadToEndAsync(cancellationToken) : Task.FromResult(string.Empty);
}
