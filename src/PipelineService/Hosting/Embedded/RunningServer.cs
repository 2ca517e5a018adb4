using System.Globalization;
using Npgsql;

namespace PipelineService.Hosting.Embedded;

/// <summary>
/// The private server of a service that runs, for a command beside it: found by what PostgreSQL writes into its data folder.
/// </summary>
internal static class RunningServer
{
    private const int LineOfPort = 3;
    private const int LineOfSocketFolder = 4;

    /// <summary>How the service's role reaches it; null when none runs.</summary>
    /// <param name="directory"><c>Hosting:DataDirectory</c>.</param>
    public static async Task<string?> FindAsync(string directory, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Path.GetFullPath(directory), "postgres");
        folder = Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
        if (Postmaster.ReadProcessId(folder) is not { } process || !await Postmaster.OwnsAsync(process, folder, cancellationToken))
        {
            return null;
        }

        string[] lines = await File.ReadAllLinesAsync(Postmaster.PidFile(folder), cancellationToken);
        string? socket = lines.ElementAtOrDefault(LineOfSocketFolder)?.Trim();
        return new NpgsqlConnectionStringBuilder
        {
            Host = string.IsNullOrEmpty(socket) ? "127.0.0.1" : socket,
            Port = int.Parse(lines[LineOfPort], CultureInfo.InvariantCulture),
            Username = ClusterContents.Role,
            Password = string.IsNullOrEmpty(socket) ? await File.ReadAllTextAsync(folder + ".password", cancellationToken) : null,
            Database = ClusterContents.Database,
        }.ConnectionString;
    }
}
