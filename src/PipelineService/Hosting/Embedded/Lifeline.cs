using System.Diagnostics;
using System.Globalization;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// Ties the server's life to ours. pg_ctl puts the server into a session of its own, so that Ctrl-C at a terminal does not
/// stop it under jobs that are still draining; the price is that it would also survive a kill -9 of ours. So a small shell
/// reads from a pipe whose other end only we hold: however we end, the read returns and the shell stops the server.
/// </summary>
internal sealed class Lifeline : IDisposable
{
    private const string Script =
        """trap '' INT TERM HUP; read -r _; [ "$(head -n 1 "$2" 2>/dev/null)" = "$1" ] && kill -INT "$1" """;

    private readonly Process? _shell;

    private Lifeline(Process? shell) => _shell = shell;

    /// <summary>On Windows there is no such shell: a server that was left behind is stopped by the next start.</summary>
    public static Lifeline Tie(int processId, string folder, ServerAccount account)
    {
        if (OperatingSystem.IsWindows())
        {
            return new Lifeline(null);
        }

        string id = processId.ToString(CultureInfo.InvariantCulture);
        ProcessStartInfo start = ServerCommand.Describe(
            "/bin/sh", ["-c", Script, "sh", id, Postmaster.PidFile(folder)], account.Name);
        return new Lifeline(Process.Start(start));
    }

    /// <summary>The shell's process, for tests that cut the line.</summary>
    public int? ProcessId => _shell?.Id;

    /// <summary>Lets go: the shell looks once more and ends.</summary>
    public void Dispose()
    {
        if (_shell is not null)
        {
            _shell.StandardInput.Close();
            _shell.Dispose();
        }
    }
}
