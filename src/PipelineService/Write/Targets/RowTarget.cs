using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Write.Targets;

/// <summary>
/// Where the rows of a load go and how they get there: which table, through how many sessions, when they become visible, and
/// what is done before the first of them and behind the last. Which rows the table refuses is found out in the same way for all
/// targets: the search sends rows, and inserts them, as their target says.
/// </summary>
/// <param name="definition">The dataset's.</param>
public abstract class RowTarget(DatasetDefinition definition)
{
    /// <summary>The table that is locked against whoever would alter it, held against the definition, and written to.</summary>
    public virtual TableName Table => definition.Load.Table;

    /// <summary>The lock that a transaction takes on the table before it looks at it, for as long as it lasts. SQL.</summary>
    public virtual string Lock => TableSql.LockShape(Table);

    /// <summary>When the rows become visible: as the dataset says, unless the target needs it otherwise.</summary>
    public virtual CommitPolicy Commit => definition.Load.Commit;

    /// <summary>
    /// How many sessions may write at once: one where rows could wait for each other, or where their order matters.
    /// </summary>
    /// <param name="table">As it is before the load; null where it was not looked at, or there is none.</param>
    public virtual int SessionsMax(TableShape? table) => table is null or { NeedsOneSession: true } ? 1 : int.MaxValue;

    /// <summary>
    /// Whether a row is refused where its key is there already, so that it is worth looking for such rows first.
    /// </summary>
    public abstract bool RefusesKnownKeys { get; }

    /// <summary>Whether rows of several jobs may come in one transaction: where nothing comes before them or behind.</summary>
    public abstract bool TakesJobsTogether { get; }

    /// <summary>
    /// What comes before the first chunk of an attempt. A target that has such a thing to do lets one session write, and makes
    /// rows visible at the end: so that it is in the transaction of the rows (<see cref="WriteSessions.PrepareAsync"/>).
    /// </summary>
    public virtual Task PrepareAsync(JobLoad load, Database database, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Sends a piece of a chunk's rows in one go.</summary>
    /// <param name="piece">0-based indexes of the rows, ascending.</param>
    /// <returns>How many rows landed.</returns>
    /// <exception cref="PostgresException">One of them is refused.</exception>
    public abstract Task<int> SendAsync(
        WriteSession session, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken);

    /// <summary>The INSERT that does the same with rows that are there already: in a staging table.</summary>
    /// <param name="columns">The columns of the rows. SQL.</param>
    /// <param name="rows">The query for them.</param>
    public abstract string Insert(string columns, string rows);

    /// <summary>
    /// What comes behind the last row, in the transaction that ends the job, and takes what it takes. As for
    /// <see cref="PrepareAsync"/>, one session has all rows then.
    /// </summary>
    /// <exception cref="Hosting.JobFaultException">The job must not end so.</exception>
    public virtual Task ConcludeAsync(JobLoad load, WriteSession session, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What comes behind that, in front of the end of the job.</summary>
    public virtual IReadOnlyList<NpgsqlBatchCommand> FinishStatements => [];
}
