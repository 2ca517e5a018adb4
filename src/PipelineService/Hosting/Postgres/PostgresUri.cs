using System.Text.RegularExpressions;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// A database's address as a URI, the form in which platforms hand it out:
/// <c>postgres://user:password@host:port/database?sslmode=require</c>. The driver knows keywords only.
/// </summary>
/// <remarks>https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS</remarks>
internal static partial class PostgresUri
{
    private const string SslMode = "SSL Mode";

    /// <summary>
    /// Parameters of libpq that the driver has under other names. It takes all others as they are, or not at all.
    /// </summary>
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.OrdinalIgnoreCase)
    {
        ["dbname"] = "Database",
        ["user"] = "Username",
        ["sslmode"] = SslMode,
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslnegotiation"] = "SSL Negotiation",
        ["channel_binding"] = "Channel Binding",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    public static bool Is(string text) => Scheme().IsMatch(text);

    /// <summary>The same as keywords of the driver.</summary>
    /// <exception cref="FormatException">It is not such a URI.</exception>
    public static IEnumerable<(string Keyword, string Value)> Keywords(string uri)
    {
        Match parts = Form().Match(uri);
        if (!parts.Success)
        {
            throw new FormatException(
                "It is not a URI of PostgreSQL; in a password, @ : / ? # % are written %40 %3A %2F %3F %23 %25.");
        }

        List<(string Keyword, string Value)> keywords = [];
        foreach (string name in (string[])["Host", "Port", "Username", "Password", "Database"])
        {
            if (parts.Groups[name] is { Length: > 0, Value: var value })
            {
                keywords.Add((name, Uri.UnescapeDataString(name == "Host" ? value.Trim('[', ']') : value)));
            }
        }

        foreach (string parameter in parts.Groups["query"].Value.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = parameter.Split('=', 2);
            string keyword = Renamed.GetValueOrDefault(pair[0], pair[0]);
            string value = Uri.UnescapeDataString(pair.ElementAtOrDefault(1) ?? "");

            // verify-full: the driver's own word has no dash.
            keywords.Add((keyword, keyword == SslMode ? value.Replace("-", "", StringComparison.Ordinal) : value));
        }

        return keywords;
    }

    [GeneratedRegex("^postgres(ql)?://", RegexOptions.IgnoreCase)]
    private static partial Regex Scheme();

    /// <summary>Several hosts, with commas between them, go to the driver as they are: it takes ports with them.</summary>
    [GeneratedRegex(
        """
        ^[a-z]+://
        ((?<Username>[^:@/?]*)(:(?<Password>[^@/?]*))?@)?
        (?<Host>[^/?,@]*,[^/?@]*|\[[0-9a-f:.%]+\]|[^/?:,@]*)(:(?<Port>[0-9]+))?
        (/(?<Database>[^/?]*))?
        (\?(?<query>.*))?$
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
