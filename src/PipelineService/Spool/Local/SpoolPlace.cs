using System.Text.RegularExpressions;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Spool.Local;

/// <summary>
/// Where the spool lies when <c>Spool:Directory</c> does not say: with its database, so that two databases never share
/// one.
/// </summary>
internal static partial class SpoolPlace
{
    /// <summary>Bytes that file systems take for a name, less what makes it ours.</summary>
    private const int NameLengthMax = 200;

    /// <summary>Where the spools of all databases lay by default before each had its own.</summary>
    public static readonly string Shared = Path.Combine(".pipeline", "spool");

    /// <summary>
    /// <c>spool</c> for the private server and <c>spool-{host}-{port}-{database}</c> for a configured database, below
    /// <c>Hosting:DataDirectory</c>. What waits in the folder that was once shared is not left behind: as long as the
    /// database has no other, it goes on with that one.
    /// </summary>
    /// <param name="shared"><see cref="Shared"/>.</param>
    public static string Default(IConfiguration configuration, string shared)
    {
        var database = DatabaseAddress.Of(configuration);
        string dataDirectory = StageOptions.Read<HostingOptions>(configuration, HostingOptions.Section).DataDirectory;
        string own = Path.Combine(dataDirectory, database.IsPrivate ? "spool" : $"spool-{NameOf(database)}");
        return !Directory.Exists(own) && IsLeftTo(database, shared) ? shared : own;
    }

    /// <summary>
    /// Whether uploads wait there for a database that nobody has noted yet, or it is this one's since.
    /// </summary>
    private static bool IsLeftTo(DatabaseAddress database, string shared)
    {
        try
        {
            return File.Exists(Path.Combine(shared, SpoolIdFile.Name)) && (SpoolOwner.Find(shared) is { } owner
                ? owner.Address == database.Text
                : Directory.EnumerateFiles(shared, $"*{UploadFiles.ManifestExtension}").Any());
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            return false;
        }
    }

    private static string NameOf(DatabaseAddress database)
    {
        string name = NotForNames().Replace(database.Text, "-");
        return name[..Math.Min(name.Length, NameLengthMax)];
    }

    [GeneratedRegex("[^A-Za-z0-9._]+")]
    private static partial Regex NotForNames();
}
