using Npgsql;

namespace PipelineService.Hosting;

/// <summary>Where the database is, as far as the configuration says: what an operator knows it by.</summary>
/// <param name="IsPrivate">Whether the service starts the server itself.</param>
/// <param name="Text">Host, port and database; of a private server its data folder.</param>
internal sealed record DatabaseAddress(bool IsPrivate, string Text)
{
    /// <summary>The database that these settings lead to, without reaching it.</summary>
    public static DatabaseAddress Of(IConfiguration configuration)
    {
        if (configuration.GetConnectionString("Pipeline") is not { } connectionString)
        {
            string folder = StageOptions.Read<HostingOptions>(configuration, HostingOptions.Section).DataDirectory;
            return new DatabaseAddress(IsPrivate: true, Path.GetFullPath(folder));
        }

        try
        {
            NpgsqlConnectionStringBuilder settings = new(connectionString);
            return new DatabaseAddress(
                IsPrivate: false, $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}");
        }
        catch (ArgumentException)
        {
            return new DatabaseAddress(IsPrivate: false, "unknown"); // the start ends, and says what is wrong with it
        }
    }
}
