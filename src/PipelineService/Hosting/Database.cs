using Npgsql;

namespace PipelineService.Hosting;

/// <summary>
/// Every use of PostgreSQL goes through here: the pool, and the resilience pipelines around it.
/// </summary>
public sealed class Database(NpgsqlDataSource dataSource)
{
    /// <summary>The pool itself, for uses that manage their own retries (write sessions).</summary>
    public NpgsqlDataSource DataSource { get; } = dataSource;

    /// <summary>
    /// For requests: opens a connection and runs the work, with few retries of transient faults and a short timeout.
    /// The work may run more than once, so it must be one statement or one transaction.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database cannot be reached, or the circuit is open.</exception>
    public async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await DataSource.OpenConnectionAsync(cancellationToken);
        return await work(connection, cancellationToken);
    }

    /// <summary>
    /// For background work: as <see cref="RunAsync"/>, but an outage makes it wait (backoff with jitter, circuit breaker)
    /// until the database is back or the token is cancelled. Errors that are not transient are thrown at once.
    /// </summary>
    public Task<T> RunPatientlyAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(work, cancellationToken);
}

/// <summary>The database cannot be reached; requests that need it are answered 503 with <c>Retry-After</c>.</summary>
public sealed class DatabaseUnavailableException : Exception
{
    public DatabaseUnavailableException()
    {
    }

    public DatabaseUnavailableException(string message)
        : base(message)
    {
    }

    public DatabaseUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
