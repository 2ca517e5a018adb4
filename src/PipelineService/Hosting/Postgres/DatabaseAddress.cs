using Npgsql;
using PipelineService.Hosting.Startup;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Where the database is, as far as the configuration says: <c>ConnectionStrings:Pipeline</c>, else the variable
/// <c>DATABASE_URL</c> that many platforms set, else a private server.
/// </summary>
/// <param name="Text">What an operator knows it by: host, port and database; of a private server its data folder.</param>
internal sealed record DatabaseAddress(string Text)
{
    public const string Setting = "ConnectionStrings:Pipeline";

    public const string Variable = "DATABASE_URL";

    public const string Forms =
        "Write Host=db;Username=pipeline;Password=…;Database=app, or postgres://pipeline:…@db:5432/app.";

    private const int PortMax = 65_535;

    private static readonly string[] UsualKeywords =
        ["Host", "Port", "Database", "Username", "Password", "SSL Mode", "Root Certificate", "Search Path", "Timeout"];

    /// <summary>Which setting says so.</summary>
    public string Origin { get; private init; } = Setting;

    /// <summary>What the driver is given; null where there is nothing to give: a private server, or a fault.</summary>
    public string? ConnectionString { get; private init; }

    /// <summary>What is wrong with it; null when it can be read.</summary>
    public string? Fault { get; private init; }

    /// <summary>Whether the service starts the server itself.</summary>
    public bool IsPrivate => ConnectionString is null && Fault is null;

    /// <summary>The database that these settings lead to, without reaching it.</summary>
    public static DatabaseAddress Of(IConfiguration configuration)
    {
        string? setting = configuration.GetConnectionString("Pipeline");
        if ((setting ?? configuration[Variable]) is { } text)
        {
            return Read(text, setting is null ? Variable : Setting);
        }

        string folder = StageOptions.Read<HostingOptions>(configuration, HostingOptions.Section).DataDirectory;
        return new DatabaseAddress(Path.GetFullPath(folder));
    }

    private static DatabaseAddress Read(string text, string origin)
    {
        try
        {
            NpgsqlConnectionStringBuilder settings = new();
            foreach ((string keyword, string value) in PostgresUri.Is(text) ? PostgresUri.Keywords(text) : Keywords(text))
            {
                Set(settings, keyword, value);
            }

            return string.IsNullOrWhiteSpace(settings.Host) ? throw new FormatException("It names no host.")
                : settings.Port > PortMax ? throw new FormatException($"{settings.Port} is no port.")
                : new DatabaseAddress($"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}")
                {
                    ConnectionString = settings.ConnectionString,
                    Origin = origin,
                };
        }
        catch (FormatException fault)
        {
            return new DatabaseAddress("unknown") { Fault = $"{origin}: {fault.Message} {Forms}", Origin = origin };
        }
    }

    private static IEnumerable<(string Keyword, string Value)> Keywords(string text)
    {
        System.Data.Common.DbConnectionStringBuilder parts = new();
        try
        {
            parts.ConnectionString = text;
        }
        catch (ArgumentException)
        {
            throw new FormatException("It is not a list of Keyword=Value with semicolons between them.");
        }

        return parts.Keys.Cast<string>().Select(keyword => (keyword, parts[keyword].ToString()!));
    }

    /// <summary>
    /// The driver's own message does not tell a wrong keyword from a wrong value. Values are not repeated: they hold
    /// passwords.
    /// </summary>
    private static void Set(NpgsqlConnectionStringBuilder settings, string keyword, string value)
    {
        if (!settings.ContainsKey(keyword))
        {
            throw new FormatException($"There is no keyword \"{keyword}\".{Suggestion.For(keyword, UsualKeywords)}");
        }

        try
        {
            settings[keyword] = value;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException or InvalidCastException)
        {
            throw new FormatException($"{keyword} does not take the value that it has.");
        }
    }
}
