namespace PipelineService.Hosting;

/// <summary>Settings of what every stage stands on: the section <c>Hosting</c>.</summary>
public sealed record HostingOptions
{
    public const string Section = "Hosting";

    /// <summary>
    /// Whether a private PostgreSQL is started where no database is configured. Default: false. In Development and with
    /// <c>--demo</c> it is started without being asked for; a configured database goes before it in any case.
    /// </summary>
    public bool PrivateServer { get; init; }

    /// <summary>
    /// The folder with PostgreSQL's programs, for the private server (<see cref="PrivateServer"/>). Default: null, which
    /// searches PATH and the folders in which packages install.
    /// </summary>
    public string? PostgresBinaries { get; init; }

    /// <summary>
    /// Where the private server keeps its data (in <c>postgres/</c> below it). Default: <c>.pipeline</c> below the
    /// working folder. Only one service at a time can use it. The spool lies below it, too, unless
    /// <c>Spool:Directory</c> says where: that of a configured database as well, and those of several do not meet
    /// there.
    /// </summary>
    public string DataDirectory { get; init; } = ".pipeline";

    /// <summary>
    /// Connections to PostgreSQL, for requests, jobs and write sessions together. Default 20, range 4 to 1000. Keep the sum
    /// over all instances below the server's <c>max_connections</c>.
    /// </summary>
    public int PoolSizeMax { get; init; } = 20;

    /// <summary>
    /// How long one attempt of a request's work in the database may take, opening a connection included. Default 5 s, range
    /// 100 ms to 5 min. A request makes at most four attempts.
    /// </summary>
    public TimeSpan DatabaseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long one statement of background work may take. Default 1 min, range 1 s to 1 h: it only has to notice a
    /// connection that is dead without saying so.
    /// </summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The pause before the first retry of a transient fault; it doubles from one to the next, with jitter. Default 100 ms,
    /// range 1 ms to 1 min.
    /// </summary>
    public TimeSpan RetryDelayBase { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// The longest pause between retries of background work, which goes on retrying for as long as an outage lasts. Default
    /// 10 s, range <see cref="RetryDelayBase"/> to 10 min. It is also how late the end of an outage may be noticed.
    /// </summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After so many faults within <see cref="BreakerWindow"/>, when they are at least half of all attempts, the circuit opens:
    /// nobody tries the database, requests are answered 503 at once and jobs wait. Default 5, range 2 to 1000.
    /// </summary>
    public int BreakerFailures { get; init; } = 5;

    /// <summary>The time over which faults are counted. Default 30 s, range 1 s to 10 min.</summary>
    public TimeSpan BreakerWindow { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the circuit stays open before one attempt is let through. Default 5 s, range 500 ms to 10 min. Also the
    /// <c>Retry-After</c> of the 503s.
    /// </summary>
    public TimeSpan BreakerDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a stop (SIGTERM, Ctrl-C) waits for requests and chunks that are under way. Default 20 s, range 1 s to 10 min.
    /// What is not done by then is done by the next start: nothing is lost.
    /// </summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long after SIGTERM requests are served on while <c>/health/ready</c> says no already, so that balancers turn away
    /// before connections are refused. Default 5 s, range 0 to 10 min; 0 stops at once, as Ctrl-C does. It comes before
    /// <see cref="ShutdownTimeout"/>.
    /// </summary>
    public TimeSpan DrainDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Open connections from clients. A further one gets the place of the one that has been idle for longest, and is refused
    /// when each of them has a request in progress. Default 2000, range 1 to 1,000,000. Each costs a socket and, while it
    /// uploads, the buffers of its request.
    /// </summary>
    public int ClientConnectionsMax { get; init; } = 2000;

    /// <summary>
    /// How long a new connection may be silent, and how long the head of a request may take from its first byte on. Default
    /// 10 s, range 1 s to 10 min. The body has limits of its own (<c>Intake:BodyRateGrace</c>).
    /// </summary>
    public TimeSpan RequestHeadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a connection is kept between two requests. Default 130 s, range 1 s to 1 h: longer than proxies keep theirs, so
    /// that they end it first and send no request into its end.
    /// </summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>
    /// How long an answer waits for a client that does not read it; then the connection ends. Default 30 s, range 1 s to 1 h. A
    /// slow client has to read 32 KiB in this time.
    /// </summary>
    public TimeSpan ReaderStallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The OTLP collector that traces, metrics and logs are sent to, such as <c>http://localhost:4317</c>. Default: null,
    /// nothing is sent. It goes before the standard variable <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>; the other <c>OTEL_*</c>
    /// variables serve with either (<c>OTEL_EXPORTER_OTLP_PROTOCOL</c>; gRPC by default).
    /// </summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>
    /// Datasets that have series of their own in the metrics, and combinations of them with sources; what comes beyond is counted as
    /// <c>other</c>. Default 500, range 1 to 5,000. With the default, <c>/metrics</c> stays below 2 MB; it grows in proportion.
    /// </summary>
    public int MetricsDatasetsMax { get; init; } = 500;

    /// <summary>The same of sources. Default 200, range 1 to 5,000.</summary>
    public int MetricsSourcesMax { get; init; } = 200;

    /// <summary>The form of the log on standard output. Default: text. Levels are set in the section <c>Serilog</c>.</summary>
    public LogFormat LogFormat { get; init; } = LogFormat.Text;
}

/// <summary>How log lines look.</summary>
public enum LogFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>One JSON object a line, for machines.</summary>
    Json,
}
