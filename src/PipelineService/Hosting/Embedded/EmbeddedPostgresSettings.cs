namespace PipelineService.Hosting.Embedded;

/// <summary>Which private server to start, and where.</summary>
public sealed record EmbeddedPostgresSettings
{
    /// <summary>
    /// The folder that belongs to this server: its data in <c>postgres/</c>, the lock that keeps a second start out, and the
    /// password of its role. Created when missing.
    /// </summary>
    public required string Directory { get; init; }

    /// <summary>The folder with <c>postgres</c>, <c>initdb</c> and <c>pg_ctl</c>; null searches the usual places.</summary>
    public string? Binaries { get; init; }

    /// <summary>
    /// True keeps the data through crashes and power cuts. False is for tests: nothing is synced to disk, and the folder is
    /// deleted at the end.
    /// </summary>
    public bool Durable { get; init; } = true;

    /// <summary>Sessions for the application; a few more are kept for an operator's psql and PostgreSQL's own work.</summary>
    public int ConnectionsMax { get; init; } = 20;

    /// <summary>Settings of postgresql.conf, which win over ours.</summary>
    public IReadOnlyDictionary<string, string> ServerSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>How long recovery after a crash may take before the start counts as failed.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the closing checkpoint may take. After that the server is left to finish by itself.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
