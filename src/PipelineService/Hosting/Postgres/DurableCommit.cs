namespace PipelineService.Hosting.Postgres;

/// <summary>
/// For transactions that take the place of what was durable elsewhere. A database with <c>synchronous_commit = off</c> confirms
/// commits that a crash may forget; that is its operator's choice as long as the upload is in the spool, but the commit after
/// which the upload leaves it has to be on disk.
/// </summary>
internal static class DurableCommit
{
    /// <summary>
    /// Makes the commit of the transaction it runs in wait until it is flushed, and with it all commits before, because the
    /// write-ahead log is one sequence. Changes only 'off': the other settings flush, and some wait for replicas too.
    /// </summary>
    public const string Sql = """
        SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'
        """;
}
