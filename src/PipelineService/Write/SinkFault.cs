using System.Net.Sockets;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Write;

/// <summary>Who is to blame for a failed attempt: the sink, which may recover, or something that trying again will not mend.</summary>
public static class SinkFault
{
    /// <summary>
    /// Whether the database, or the way to it, failed in a manner that may pass: broken connections, restarts, deadlocks,
    /// lack of resources, locks and time-outs. Never an error of a row or of the SQL itself.
    /// </summary>
    public static bool Is(Exception error) => error switch
    {
        SpoolUnavailableException => false, // whatever is inside: the disk's, and the database knows nothing of it
        PostgresException e => e.IsTransient || e.SqlState.AsSpan(0, 2) is "08" or "40" or "53" or "57" or "58" or "XX",
        NpgsqlException or DatabaseUnavailableException or TimeoutException or SocketException or IOException => true,
        _ => DatabaseResilience.IsDriverRace(error) || (error.InnerException is Exception inner && Is(inner)),
    };
}
