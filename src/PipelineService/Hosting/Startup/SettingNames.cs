using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Startup;

/// <summary>The names at the top of the configuration that mean something to this program.</summary>
internal static class SettingNames
{
    /// <summary>Sections of the service itself: what they hold is in its own hands.</summary>
    public static readonly string[] Sections =
        [
            "ConnectionStrings", "Access", "Datasets", "Enrich", "Events", "Figures", "Hosting", "Intake", "Jobs", "Limits", "Sources", "Spool", "Transform",
            "Write",
            "Serilog",
        ];

    /// <summary>What the framework reads under names of its own.</summary>
    public static readonly string[] OfHost =
    [
        "urls", "http_ports", "https_ports", "environment", "contentRoot", "applicationName", "AllowedHosts", "Kestrel", "Logging",
        DatabaseAddress.Variable,
    ];

    /// <param name="path">A setting's full name, such as <c>Spool:Directory</c>: its section alone is looked at.</param>
    public static bool IsKnown(string path)
    {
        string[] parts = path.Split(':', 2);
        return parts.Length == 2
            ? Sections.Append("Kestrel").Append("Logging").Contains(parts[0], StringComparer.OrdinalIgnoreCase)
            : OfHost.Contains(path, StringComparer.OrdinalIgnoreCase);
    }
}
