using System.Diagnostics;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Write;

/// <summary>
/// One connection with one open transaction, in which chunks of one job are loaded under savepoints. Used by one worker at a
/// time.
/// </summary>
public sealed class WriteSession(JobLoad load, WriteOptions options, ILogger logger)
{
    /// <summary>The server ends a statement before this; only one that is gone is not heard by then.</summary>
    private readonly TimeSpan _patience = options.ChunkTimeout + options.LockTimeout;

    private NpgsqlConnection? _connection;
    private string? _look;
    private TargetConstraints? _target;
    private bool _isOpen;

    /// <summary>Whether a transaction is open that holds rows.</summary>
    public bool HoldsRows { get; private set; }

    /// <summary>What became of the records in the open transaction.</summary>
    public RecordTally Tally { get; private set; } = new();

    public NpgsqlConnection Connection => _connection ?? throw NotOpen();

    /// <summary>Whether the connection is gone, and the transaction with it.</summary>
    public bool IsBroken => Connection.State != System.Data.ConnectionState.Open;

    /// <summary>Whether what the chunk at hand has met can be undone by itself.</summary>
    public bool CanRollBack => !IsBroken && Savepoints.CanRollBack;

    /// <summary>What the table may refuse rows for, as long as the transaction is open.</summary>
    public TargetConstraints Target => _target ?? throw NotOpen();

    public Savepoints Savepoints => field ??= new Savepoints(this, load);

    public ChunkCopy Copy => field ??= new ChunkCopy(Connection, load.Plan.Rows, _patience);

    public StagedRows Staged => field ??= new StagedRows(this, load.Plan.Rows, _patience);

    public RowLoader Loader => field ??= new RowLoader(this, load, options, logger);

    public WaitingRows Waiting => field ??= new WaitingRows(this, load);

    /// <summary>
    /// Opens the connection and the transaction when they are not open, up to the chunk's savepoint. The table is locked
    /// against whoever would alter it, looked at and held against the definition, each time in the same round trip: binary COPY
    /// stores what fits by its bytes, whatever it means.
    /// </summary>
    /// <exception cref="JobFaultException">The table contradicts the definition.</exception>
    /// <exception cref="TableHeldException">Somebody alters it, for longer than the lock is waited for.</exception>
    public async Task BeginAsync(Database database, CancellationToken cancellationToken)
    {
        TableName table = load.Plan.Rows.Definition.Load.Table;
        await BeginAsync(
            database, [new(TableSql.LockShape(table)), TargetTable.Look(table), new(WriteSql.Savepoint)], cancellationToken);
    }

    /// <summary>The same for a transaction that writes no row: the table may be gone by now.</summary>
    public Task BeginWithoutRowsAsync(Database database, CancellationToken cancellationToken) =>
        BeginAsync(database, [], cancellationToken);

    private async Task BeginAsync(
        Database database, IReadOnlyList<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        _connection ??= await database.OpenSessionAsync(cancellationToken);
        if (_isOpen)
        {
            return;
        }

        await using NpgsqlBatch batch = Batch(
        [
            new(WriteSql.Begin),
            new(WriteSql.Settings)
            {
                Parameters =
                {
                    new() { Value = SessionName(load.Plan.JobId) },
                    new() { Value = Milliseconds(options.LockTimeout) },
                    new() { Value = Milliseconds(options.ChunkTimeout) },
                },
            },
            new(WriteSql.ConstraintsImmediate),
            .. statements,
        ]);
        if (load.CommitsEachChunk)
        {
            await batch.PrepareAsync(cancellationToken); // planning the look takes longer than looking
        }

        try
        {
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (await reader.NextResultAsync(cancellationToken) && await reader.ReadAsync(cancellationToken))
            {
                Compare(reader.GetString(0));
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TableHeldException(
                $"Somebody has held table {load.Plan.Rows.Definition.Load.Table} for longer than {options.LockTimeout}.", e);
        }

        _isOpen = true;
        Savepoints.Begin(isSet: statements.Count > 0);
    }

    private void Compare(string look)
    {
        if (look == _look)
        {
            return;
        }

        var shape = TableShape.Parse(look);
        var comparison = TableComparison.AtLoad(load.Plan.Rows.Definition, shape);
        if (comparison.Contradictions.Count > 0)
        {
            throw new JobFaultException(
                TargetProblems.Contradicts(load.Plan.Rows.Definition.Load.Table.ToString(), comparison.Contradictions));
        }

        _target = new TargetConstraints(shape, load.Plan.Rows);
        _look = look;
    }

    /// <summary>The application_name of a job's sessions, by which leftovers of an earlier attempt are found.</summary>
    public static string SessionName(Guid jobId) => $"pipeline job {jobId:D}";

    /// <summary>Runs statements in the open transaction.</summary>
    public async Task ExecuteAsync(IEnumerable<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = Batch(statements);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Ends a chunk with its checkpoint and keeps the transaction open for the next one: behind a savepoint if the table can
    /// refuse anything.
    /// </summary>
    public async Task KeepAsync(WrittenChunk chunk, CancellationToken cancellationToken)
    {
        bool isNeeded = Target.MayRefuse || load.Refusals.NeedSavepoints;
        await ExecuteAsync([chunk.Checkpoint(load.Plan), .. Savepoints.Keep(chunk, isNeeded)], cancellationToken);
        HoldsRows = true;
    }

    /// <summary>
    /// Removes rows in the open transaction, which stays open. It takes what it takes, as a large table may have to be read through;
    /// only locks are not waited for without end.
    /// </summary>
    /// <returns>How many rows.</returns>
    public async Task<long> RemoveAsync(NpgsqlBatchCommand delete, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = Batch(
        [
            WriteSql.StatementTimeout("0"),
            delete,
            WriteSql.StatementTimeout(Milliseconds(options.ChunkTimeout)),
            .. Savepoints.Renew(),
        ]);
        batch.Timeout = 0;
        await batch.ExecuteNonQueryAsync(cancellationToken);
        HoldsRows = true;
        return delete.RecordsAffected;
    }

    /// <summary>Runs the last statements of the transaction and commits, unless the job was taken over meanwhile.</summary>
    /// <exception cref="JobTakenOverException">It was; nothing is committed.</exception>
    public async Task CommitAsync(IEnumerable<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        using Activity? span = PipelineTracing.StartCommit();
        NpgsqlBatchCommand fence = JobTakenOverException.RequireEpoch(load.Plan.JobId, load.Plan.Epoch);
        try
        {
            FaultPoints.Reach(FaultPoint.Committing);
            await ExecuteAsync([fence, .. statements, new("COMMIT")], cancellationToken);
            FaultPoints.Reach(FaultPoint.Committed);
        }
        catch (PostgresException e) when (e.SqlState == JobTakenOverException.SqlState)
        {
            throw new JobTakenOverException(e.MessageText, e);
        }

        HoldsRows = false;
        _isOpen = false;
        load.Settled?.Invoke(Tally);
        Tally = new();
    }

    /// <summary>Rolls back what is not committed and closes the connection. Never throws: a broken one is dropped.</summary>
    public async Task CloseAsync()
    {
        load.Tally.Add(Tally);
        Tally = new();
        if (_connection is null)
        {
            return;
        }

        try
        {
            // Closing a pooled connection rolls an open transaction back.
            await _connection.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // The connection is broken: the server rolls back by itself.
        }

        _connection = null;
        _isOpen = false;
        HoldsRows = false;
    }

    private NpgsqlBatch Batch(IEnumerable<NpgsqlBatchCommand> statements)
    {
        NpgsqlBatch batch = new(Connection) { Timeout = (int)_patience.TotalSeconds };
        foreach (NpgsqlBatchCommand statement in statements)
        {
            batch.BatchCommands.Add(statement);
        }

        return batch;
    }

    private static InvalidOperationException NotOpen() => new("The session is not open.");

    private static string Milliseconds(TimeSpan time) =>
        ((long)time.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Another instance runs the job now: this one's work on it must not be committed.</summary>
public sealed class JobTakenOverException : Exception
{
    /// <summary>The SQLSTATE that <c>pipeline.require_epoch</c> raises.</summary>
    public const string SqlState = "PL001";

    /// <summary>
    /// Asks in the open transaction, and holds a take-over off until its end. Fails with <see cref="SqlState"/> when the job
    /// is another attempt's.
    /// </summary>
    public static NpgsqlBatchCommand RequireEpoch(Guid jobId, long epoch) => new(WriteSql.RequireEpoch)
    {
        Parameters = { new() { Value = jobId }, new() { Value = epoch } },
    };

    public JobTakenOverException()
    {
    }

    public JobTakenOverException(string message)
        : base(message)
    {
    }

    public JobTakenOverException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
