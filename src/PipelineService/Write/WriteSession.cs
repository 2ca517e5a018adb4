using System.Diagnostics;
using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Profiles;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Write.Rejects;
using PipelineService.Write.Targets;
using PipelineService.Write.Views;

namespace PipelineService.Write;

/// <summary>
/// One connection with one open transaction, in which chunks of one job are loaded under savepoints. Used by one worker at a
/// time.
/// </summary>
/// <param name="number">0-based, among the sessions of the load.</param>
public sealed class WriteSession(int number, JobLoad load, WriteOptions options, ILogger logger)
{
    /// <summary>The server ends a statement before this; only one that is gone is not heard by then.</summary>
    private readonly TimeSpan _patience = options.ChunkTimeout + options.LockTimeout;

    private NpgsqlConnection? _connection;
    private readonly LoadedTable _table = new(load);
    private bool _isOpen;

    /// <summary>Whether a transaction is open that holds rows.</summary>
    public bool HoldsRows { get; private set; }

    /// <summary>What became of the records in the open transaction.</summary>
    public RecordTally Tally { get; private set; } = new();

    /// <summary>
    /// What the rows are like that it has written, in all its transactions; null before the first, and where nobody asks for it.
    /// </summary>
    public JobProfile? Profile { get; private set; }

    /// <summary>What the rows in the open transaction add to views.</summary>
    public SessionViews Views => field ??= new SessionViews(this, load, _table);

    public NpgsqlConnection Connection => _connection ?? throw NotOpen();

    /// <summary>Whether the connection is gone, and the transaction with it.</summary>
    public bool IsBroken => Connection.State != System.Data.ConnectionState.Open;

    /// <summary>Whether what the chunk at hand has met can be undone by itself.</summary>
    public bool CanRollBack => !IsBroken && Savepoints.CanRollBack;

    /// <summary>What the table may refuse rows for, as long as the transaction is open.</summary>
    public TargetConstraints Constraints => _table.Constraints;

    /// <summary>The columns of the rows in COPY and INSERT. SQL.</summary>
    public string Columns => field ??= WriteSql.ColumnList(load.Plan.Rows);

    public Savepoints Savepoints => field ??= new Savepoints(this, load);

    public ChunkCopy Copy => field ??= new ChunkCopy(Connection, load.Plan.Rows, _patience);

    public StagedRows Staged => field ??= new StagedRows(this, load.Plan, _patience);

    public RowLoader Loader => field ??= new RowLoader(this, load, options, logger);

    public WaitingRows Waiting => field ??= new WaitingRows(this, load);

    /// <summary>
    /// Opens the connection and the transaction when they are not open, up to the chunk's savepoint, with a look at the table
    /// (<see cref="LoadedTable"/>).
    /// </summary>
    /// <exception cref="JobFaultException">The table contradicts the definition.</exception>
    /// <exception cref="TableHeldException">Somebody alters it, for longer than the lock is waited for.</exception>
    public Task BeginAsync(Database database, CancellationToken cancellationToken) =>
        BeginAsync(database, [.. _table.Look(), new(WriteSql.Savepoint)], cancellationToken);

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
                    new() { Value = load.CommitsEachChunk },
                },
            },
            new(WriteSql.ConstraintsImmediate),
            .. statements,
        ]);
        try
        {
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (await reader.NextResultAsync(cancellationToken))
            {
                await _table.ReadAsync(reader, cancellationToken);
            }
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new TableHeldException(
                $"Somebody has held table {load.Plan.Target.Table} for longer than {options.LockTimeout}.", e);
        }

        _isOpen = true;
        Savepoints.Begin(isSet: statements.Count > 0);
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
        bool isNeeded = Constraints.MayRefuse || load.Refusals.NeedSavepoints;
        await SpillViewsAsync(cancellationToken);
        await ExecuteAsync([.. chunk.Statements(load.Plan), .. Savepoints.Keep(chunk, isNeeded)], cancellationToken);
        HoldsRows = true;
    }

    /// <summary>Writes what views have been told, where that is as much as is held, behind no savepoint: rolled back, nobody would write it again.</summary>
    public async Task SpillViewsAsync(CancellationToken cancellationToken)
    {
        if (Views.AreFull)
        {
            await Savepoints.EndAsync(cancellationToken);
            await Views.WriteAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Does something in the open transaction that takes what it takes, as a large table may have to be read through; only
    /// locks are not waited for without end.
    /// </summary>
    public async Task<T> DoUnhurriedAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        await ExecuteAsync([WriteSql.StatementTimeout("0")], cancellationToken);
        T done = await act(Connection, cancellationToken);
        await ExecuteAsync([WriteSql.StatementTimeout(Milliseconds(options.ChunkTimeout))], cancellationToken);
        return done;
    }

    /// <summary>Takes in what rows are like that the table has taken, and what they add to views.</summary>
    /// <param name="refused">Those of them that it has not, in the order of the data.</param>
    public void Count(RowBuffer rows, IReadOnlyList<RejectedRow> refused)
    {
        int[] without = refused.Count == 0 ? [] : [.. refused.Select(row => row.Index)];
        if (load.Profiled is { } plan)
        {
            (Profile ??= new JobProfile(plan)).Add(rows, without);
        }

        Views.Add(load.Plan.JobId, rows, 0, rows.Count, without);
    }

    /// <summary>What a later attempt needs to know of the rows that are about to be committed, and of all before.</summary>
    public IEnumerable<NpgsqlBatchCommand> KeepProfile() => Profile is null
        ? []
        :
        [
            new(WriteSql.KeepProfile)
            {
                Parameters =
                {
                    new() { Value = load.Plan.JobId },
                    new() { Value = load.Plan.Epoch },
                    new() { Value = (short)number },
                    new() { Value = Profile.ToBytes() },
                },
            },
        ];

    /// <summary>What was done in front of the first chunk stays, whatever becomes of the rows.</summary>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync(Savepoints.Hold(), cancellationToken);
        HoldsRows = true;
    }

    /// <summary>Runs the last statements of the transaction and commits, unless the job was taken over meanwhile.</summary>
    /// <exception cref="JobTakenOverException">It was; nothing is committed.</exception>
    public async Task CommitAsync(IEnumerable<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        using Activity? span = PipelineTracing.StartCommit();
        NpgsqlBatchCommand fence = JobTakenOverException.RequireEpoch(load.Plan.JobId, load.Plan.Epoch);
        try
        {
            await Views.WriteAsync(cancellationToken);
            FaultPoints.Reach(FaultPoint.Committing);
            await ExecuteAsync([fence, .. statements, .. Views.Doubts, new("COMMIT")], cancellationToken);
            FaultPoints.Reach(FaultPoint.Committed);
        }
        catch (PostgresException e) when (e.SqlState == JobTakenOverException.SqlState)
        {
            throw new JobTakenOverException(e.MessageText, e);
        }

        HoldsRows = false;
        _isOpen = false;
        Views.End();
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
