using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace PipelineService.Hosting.Embedded;

/// <summary>What <c>postmaster.pid</c> says about the server of a data folder, and whether it is true.</summary>
internal static class Postmaster
{
    public static string PidFile(string folder) => Path.Combine(folder, "postmaster.pid");

    /// <summary>
    /// Removes the files by which a dead server would keep the next one out. Both hold its process id, which PostgreSQL takes
    /// for a running server as long as somebody has that number: a stranger, or a zombie that nobody has waited for.
    /// </summary>
    public static void RemoveTraces(string folder)
    {
        File.Delete(PidFile(folder));
        foreach (string path in Directory.EnumerateFiles(folder, ".s.PGSQL.*.lock"))
        {
            File.Delete(path);
        }
    }

    /// <summary>The process id in the folder's pid file; null without one.</summary>
    public static int? ReadProcessId(string folder)
    {
        try
        {
            string? line = File.ReadLines(PidFile(folder)).FirstOrDefault();
            return int.TryParse(line, NumberStyles.Integer, CultureInfo.InvariantCulture, out int id) ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether that process is the server of this folder. After a crash or a restart of a container the number may belong to
    /// anybody, so the name alone is not believed.
    /// </summary>
    public static async Task<bool> OwnsAsync(int processId, string folder, CancellationToken cancellationToken)
    {
        if (!IsAlive(processId))
        {
            return false;
        }

        if (OperatingSystem.IsLinux())
        {
            return WorkingFolder(processId) == folder; // a postmaster's is its data folder
        }

        if (OperatingSystem.IsWindows())
        {
            using var process = Process.GetProcessById(processId);
            return process.ProcessName.Equals("postgres", StringComparison.OrdinalIgnoreCase);
        }

        string id = processId.ToString(CultureInfo.InvariantCulture);
        CommandResult ps = await ServerCommand.RunAsync("ps", ["-o", "command=", "-p", id], cancellationToken);
        return ps.Output.Contains(folder, StringComparison.Ordinal);
    }

    public static bool IsAlive(int processId)
    {
        try
        {
            using var process = Process.GetProcessById(processId);
            return !process.HasExited;
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Null for a process that is ending, and for one of another user: the server is not run by a stranger.</summary>
    private static string? WorkingFolder(int processId)
    {
        try
        {
            return Directory.ResolveLinkTarget($"/proc/{processId}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
