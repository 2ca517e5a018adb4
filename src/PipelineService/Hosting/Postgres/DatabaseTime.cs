namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Times in PostgreSQL's resolution, a microsecond: what is written must equal what is read, and what a client is told at once
/// what it is told later.
/// </summary>
public static class DatabaseTime
{
    public static DateTimeOffset GetDatabaseNow(this TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
    }
}
