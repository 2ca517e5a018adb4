using System.Net.Sockets;
using Npgsql;
using PipelineService.Hosting.Startup;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace PipelineService.Hosting.Postgres;

/// <summary>Whose fault it is when PostgreSQL does not do what it was asked to.</summary>
public enum SqlFault
{
    /// <summary>
    /// What was sent or the table it was sent to: the same statement fails the same way until somebody mends one of them.
    /// </summary>
    Statement,

    /// <summary>One row: without it the same statement may succeed. Costs that row.</summary>
    Row,

    /// <summary>
    /// Somebody else: a lock, a deadlock, a time limit, a server behind a trigger. May pass; costs what was tried, and says
    /// nothing about the health of the server.
    /// </summary>
    Busy,

    /// <summary>The server or the way to it: restarts, failovers, lack of resources. Passes; never costs a record.</summary>
    Outage,
}

/// <summary>
/// The one table that sorts errors of PostgreSQL and of the driver, for requests, retries, the circuit breaker and loads.
/// </summary>
/// <remarks>
/// Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html. What triggers raise under codes of their own is a
/// row's, which is why <see cref="SqlFault.Row"/> is the rule and all else the exception to it. Whether a row alone is to
/// blame is decided by inserting it alone, never by its code.
/// </remarks>
public static class SqlFaults
{
    /// <summary>
    /// An SQLSTATE of five characters that no row is to blame for, as a regular expression that PostgreSQL and .NET read
    /// alike: for SQL that must leave these errors alone.
    /// </summary>
    public const string NoRowPattern =
        "^(0A|0B|0L|0P|24|25|26|28|2B|2D|34|3B|3D|3F|40|42|53|55|57|58|72|F0|HV|PL|08...|22P03|22P04|XX001|XX002)";

    /// <summary>
    /// Those among them that a trigger may raise for some rows and not for others: what it uses there is missing, or not its to
    /// use.
    /// </summary>
    public const string OfSomeRowsPattern = "^(3F|42)";

    /// <summary>Those among them that say nothing of what was sent either: busy, or an outage.</summary>
    public const string PassingPattern = "^(08(?!P01)|25006|25P0[34]|28|3D|40|53|55006|55P03|57P|57014|58|72|HV)";

    /// <summary>Whose fault an exception is; null when it has nothing to do with the database.</summary>
    public static SqlFault? Of(Exception error) => error switch
    {
        StartupException => null, // the operator's to mend, whatever is inside
        BrokenCircuitException => null, // nobody was asked: whoever waits for the circuit says so itself
        PostgresException e => Of(e.SqlState, endsSession: e.InvariantSeverity is "FATAL" or "PANIC"),
        NpgsqlException { InnerException: TimeoutException } e when IsPoolEmpty(e) => SqlFault.Busy,
        NpgsqlException or DatabaseUnavailableException => SqlFault.Outage,
        SocketException or IOException or TimeoutRejectedException => SqlFault.Outage,
        TimeoutException => SqlFault.Busy,
        _ when IsDriverRace(error) => SqlFault.Outage,
        _ => error.InnerException is { } inner ? Of(inner) : null,
    };

    /// <summary>Whose fault an SQLSTATE is.</summary>
    /// <param name="endsSession">
    /// Whether the server ended the session with it. Then it is an outage whatever it says: poolers answer 08P01 for all of
    /// their troubles, while the same code in a living session means that a binary value is not of its column's type.
    /// </param>
    public static SqlFault Of(string sqlState, bool endsSession = false) => sqlState switch
    {
        _ when endsSession => SqlFault.Outage,

        // The promise of COPY's sender that a value has the form of its column's type was broken, or data of the server is.
        "08P01" or "22P03" or "22P04" or "XX001" or "XX002" => SqlFault.Statement,

        // Names that are not there while the server lives on: a role or a database that was renamed, a password changed.
        ['2', '8', ..] or ['3', 'D', ..] => SqlFault.Outage,

        // After a failover the pool may still reach what is now a replica; managed servers turn read-only when a disk fills.
        "25006" or "25P03" or "25P04" or "40003" => SqlFault.Outage,
        ['5', '3', ..] or ['5', '7', 'P', ..] or ['5', '8', ..] => SqlFault.Outage,

        // 08 and HV in a session that lives: a server that a trigger asks cannot be reached.
        ['0', '8', ..] or ['H', 'V', ..] or ['4', '0', ..] or ['7', '2', ..] => SqlFault.Busy,
        "55P03" or "55006" or "57014" => SqlFault.Busy,

        ['0', 'A' or 'B' or 'L' or 'P', ..] or ['2', '4' or '5' or '6' or 'B' or 'D', ..] => SqlFault.Statement,
        ['3', '4' or 'B' or 'F', ..] or ['4', '2', ..] or ['5', '5' or '7', ..] => SqlFault.Statement,
        ['F', '0', ..] or ['P', 'L', ..] => SqlFault.Statement,
        _ => SqlFault.Row,
    };

    /// <summary>Whether trying again later may help: the fault is nobody's who sent or declared anything.</summary>
    public static bool MayPass(Exception error) => Of(error) is SqlFault.Busy or SqlFault.Outage;

    /// <summary>Busy for as long as it was given: a statement or a chunk has passed its time limit.</summary>
    public static bool IsTimeLimit(Exception error) => error switch
    {
        PostgresException e => e.SqlState == PostgresErrorCodes.QueryCanceled,
        NpgsqlException => false,
        TimeoutException => true,
        _ => error.InnerException is { } inner && IsTimeLimit(inner),
    };

    /// <summary>
    /// A server that answers and lets nobody in: no such role or database, or the password is another. While the service
    /// runs that is an outage, which an operator ends; at its start it is a setting that is wrong.
    /// </summary>
    public static bool IsRefusedLogin(Exception error) =>
        error is PostgresException { SqlState: ['2', '8', ..] or ['3', 'D', ..] };

    /// <summary>
    /// A connection that broke while it was used or cancelled, told by the driver in a way of its own
    /// (npgsql/npgsql#6415, #6568): the event by which its threads wait for each other is gone. Or it has met an answer to what was
    /// asked before (#5803), and has closed the connection.
    /// </summary>
    private static bool IsDriverRace(Exception fault) =>
        fault is ObjectDisposedException { ObjectName: "System.Threading.ManualResetEventSlim" }
        || (fault.GetType() == typeof(Exception) && fault.Message.StartsWith("Received unexpected backend message", StringComparison.Ordinal));

    private static bool IsPoolEmpty(NpgsqlException error) =>
        error.Message.Contains("pool has been exhausted", StringComparison.Ordinal);
}
