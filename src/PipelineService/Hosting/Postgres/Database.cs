using Microsoft.Extensions.Options;
using Npgsql;
using Polly;
using Polly.CircuitBreaker;
using Polly.Registry;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Every use of PostgreSQL goes through here: the pool, and the resilience pipelines around it.
/// </summary>
public sealed partial class Database : IAsyncDisposable
{
    private const string UploadsGoOn = "Uploads for known datasets are still taken.";

    private readonly HostingOptions _options;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _breaker;
    private readonly ResiliencePipeline _requests;
    private readonly ResiliencePipeline _patient;
    private NpgsqlDataSource? _dataSource;

    /// <summary>Rows are read into members named like their columns but for the underscores.</summary>
    static Database() => Dapper.DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <summary>A database whose address is not known yet: a private server only has one when it has started.</summary>
    public Database(
        ResiliencePipelineProvider<string> pipelines,
        DatabaseCircuit circuit,
        IOptions<HostingOptions> options,
        ILogger<Database> logger)
    {
        (Circuit, _options, _logger) = (circuit, options.Value, logger);
        _breaker = pipelines.GetPipeline(DatabaseResilience.Breaker);
        _requests = pipelines.GetPipeline(DatabaseResilience.Requests);
        _patient = pipelines.GetPipeline(DatabaseResilience.Patient);
    }

    /// <summary>
    /// The pool itself, for uses that manage their own retries. Not there before the host has started: take it when it is
    /// used, not in a constructor.
    /// </summary>
    public NpgsqlDataSource DataSource =>
        _dataSource ?? throw new InvalidOperationException("The database's address is known when the host has started.");

    public DatabaseReadiness Readiness { get; } = new();

    public DatabaseCircuit Circuit { get; }

    /// <summary>Which database it is. Known when it has been reached.</summary>
    public DatabaseIdentity Identity { get; } = new();

    /// <summary>False while requests would be answered 503 and jobs wait (<c>waitingFor: "database"</c>).</summary>
    public bool IsAvailable => Readiness.IsReady && Circuit.IsClosed;

    /// <summary>
    /// For requests: opens a connection and runs the work, with few retries of transient faults and a short timeout.
    /// The work may run more than once, so it must be one statement or one transaction.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be reached, or the circuit is open.</exception>
    public async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        if (!Readiness.IsReady)
        {
            throw Unavailable("The database has not been reached since the service started.", null);
        }

        try
        {
            return await RunAsync(_requests, work, cancellationToken);
        }
        catch (BrokenCircuitException fault)
        {
            throw Unavailable(
                Circuit.OpenedBy is PostgresException { SqlState: var state } refusal && SqlFaults.IsRefusedLogin(refusal)
                    ? RefusalOf(state)
                    : $"The database cannot be reached; the next try is under way soon. {UploadsGoOn}",
                fault);
        }
        catch (PostgresException fault)
            when (SqlFaults.IsRefusedLogin(fault) || fault.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Whoever asked cannot mend it, and waiting will not either: an operator has to.
            Log.Refused(_logger, fault.MessageText, fault.SqlState);
            throw Unavailable(RefusalOf(fault.SqlState), fault);
        }
        catch (Exception fault) when (SqlFaults.MayPass(fault))
        {
            throw Unavailable($"The database cannot be reached or is too slow. {UploadsGoOn}", fault);
        }
    }

    /// <summary>
    /// For background work: as <see cref="RunAsync{T}(Func{NpgsqlConnection, CancellationToken, Task{T}}, CancellationToken)"/>,
    /// but an outage makes it wait (backoff with jitter, circuit breaker) until the database is back or the token is cancelled.
    /// Errors that are not transient are thrown at once.
    /// </summary>
    public async Task<T> RunPatientlyAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await Readiness.WaitAsync(cancellationToken);
        return await RunAsync(_patient, work, cancellationToken);
    }

    /// <summary>
    /// A connection for a write session, opened as patiently. What becomes of it is the session's business, except that it
    /// tells the breaker about the faults it meets: <see cref="ReportFaultAsync"/>.
    /// </summary>
    public async Task<NpgsqlConnection> OpenSessionAsync(CancellationToken cancellationToken)
    {
        await Readiness.WaitAsync(cancellationToken);
        return await _patient.ExecuteAsync(
            static async (database, token) =>
            {
                using CancellationShield shield = new(token);
                return await database.OpenAsync(shield.Token);
            },
            this,
            cancellationToken);
    }

    /// <summary>
    /// Lets a fault outside of these methods count in the breaker. Call it with whatever was caught: what is no outage is
    /// ignored. Successes need no report, since every session begins with one.
    /// </summary>
    public async ValueTask ReportFaultAsync(Exception fault)
    {
        ClearAfter(fault);

        // An open circuit answers with its own exception, as an outcome: nothing is thrown here.
        ResilienceContext context = ResilienceContextPool.Shared.Get(CancellationToken.None);
        await _breaker.ExecuteOutcomeAsync(
            static (_, fault) => ValueTask.FromResult(Outcome.FromException<object>(fault)), context, fault);
        ResilienceContextPool.Shared.Return(context);
    }

    public async ValueTask DisposeAsync()
    {
        if (_dataSource is { } dataSource)
        {
            await dataSource.DisposeAsync();
        }
    }

    /// <summary>From here on there is an address. Work still waits for <see cref="Readiness"/>.</summary>
    internal void Attach(NpgsqlDataSource dataSource) => _dataSource = dataSource;

    /// <summary>Patient work that prepares the database, and so cannot wait for it to be ready.</summary>
    internal Task<T> RunBeforeReadyAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(_patient, work, cancellationToken);

    private async Task<T> RunAsync<T>(
        ResiliencePipeline pipeline,
        Func<NpgsqlConnection, CancellationToken, Task<T>> work,
        CancellationToken cancellationToken) =>
        (T)(await pipeline.ExecuteAsync(
            static (attempt, token) => attempt.Item1.TryAsync(attempt.Item2, token),
            Tuple.Create(this, DatabaseWork.Of(work)),
            cancellationToken))!;

    private async ValueTask<object?> TryAsync(DatabaseWork work, CancellationToken cancellationToken)
    {
        using CancellationShield shield = new(cancellationToken);
        try
        {
            await using NpgsqlConnection connection = await OpenAsync(shield.Token);
            return await work.RunAsync(connection, shield.Token);
        }
        catch (Exception fault)
        {
            ClearAfter(fault);
            throw;
        }
    }

    private async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        await DataSource.OpenConnectionAsync(cancellationToken);

    /// <summary>
    /// When one connection to a server broke, its idle neighbours most likely are broken too. Without this, each of them would
    /// cost an attempt of somebody's. Where only new ones are refused, those that are open are all that is left.
    /// </summary>
    private void ClearAfter(Exception fault)
    {
        if (SqlFaults.Of(fault) == SqlFault.Outage && !SqlFaults.IsRefusedLogin(fault))
        {
            DataSource.Clear();
        }
    }

    private static string RefusalOf(string sqlState) =>
        $"The database refuses the service (SQLSTATE {sqlState}); its operator has to look. {UploadsGoOn}";

    private DatabaseUnavailableException Unavailable(string message, Exception? fault) =>
        new(message, fault) { RetryAfter = (fault as BrokenCircuitException)?.RetryAfter ?? _options.BreakerDuration };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The database refuses the service: {Reason} (SQLSTATE {SqlState})")]
        public static partial void Refused(ILogger logger, string reason, string sqlState);
    }
}
