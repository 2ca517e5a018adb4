using System.Diagnostics;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Write;

/// <summary>
/// One connection with one open transaction, in which chunks of one job are loaded, each under a savepoint. Used by one
/// worker at a time.
/// </summary>
public sealed class WriteSession(JobLoadPlan plan)
{
    private NpgsqlConnection? _connection;
    private ChunkStage? _stage;

    /// <summary>Whether a transaction is open that holds rows.</summary>
    public bool HoldsRows { get; private set; }

    private bool _isOpen;

    public NpgsqlConnection Connection => _connection ?? throw new InvalidOperationException("The session is not open.");

    /// <summary>Loads the rows that the database refuses in one piece.</summary>
    public ChunkStage Stage => _stage ??= new ChunkStage(Connection, plan);

    /// <summary>Opens the connection and the transaction when they are not open, up to the chunk's savepoint.</summary>
    public async Task BeginAsync(Database database, WriteOptions options, CancellationToken cancellationToken)
    {
        _connection ??= await database.OpenSessionAsync(cancellationToken);
        if (_isOpen)
        {
            return;
        }

        await using NpgsqlBatch batch = new(_connection)
        {
            BatchCommands =
            {
                new("BEGIN"),
                new(WriteSql.Settings)
                {
                    Parameters =
                    {
                        new() { Value = SessionName(plan.JobId) },
                        new() { Value = Milliseconds(options.LockTimeout) },
                        new() { Value = Milliseconds(options.ChunkTimeout) },
                    },
                },
                new(WriteSql.ConstraintsImmediate),
                new(WriteSql.Savepoint),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        _isOpen = true;
    }

    /// <summary>The application_name of a job's sessions, by which leftovers of an earlier attempt are found.</summary>
    public static string SessionName(Guid jobId) => $"pipeline job {jobId:D}";

    /// <summary>Back to the chunk's savepoint: what COPY began is undone.</summary>
    public async Task RollbackChunkAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(WriteSql.RollbackToSavepoint, _connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Runs the last statements of a chunk and keeps the transaction open for the next one.</summary>
    public async Task KeepAsync(IEnumerable<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        await RunAsync([.. statements, new(WriteSql.ReleaseSavepoint), new(WriteSql.Savepoint)], cancellationToken);
        HoldsRows = true;
    }

    /// <summary>Runs the last statements of the transaction and commits, unless the job was taken over meanwhile.</summary>
    /// <exception cref="JobTakenOverException">It was; nothing is committed.</exception>
    public async Task CommitAsync(IEnumerable<NpgsqlBatchCommand> statements, CancellationToken cancellationToken)
    {
        using Activity? span = PipelineTracing.StartCommit();
        NpgsqlBatchCommand fence = JobTakenOverException.RequireEpoch(plan.JobId, plan.Epoch);
        try
        {
            FaultPoints.Reach(FaultPoint.Committing);
            await RunAsync([fence, .. statements, new("COMMIT")], cancellationToken);
            FaultPoints.Reach(FaultPoint.Committed);
        }
        catch (PostgresException e) when (e.SqlState == JobTakenOverException.SqlState)
        {
            throw new JobTakenOverException(e.MessageText, e);
        }

        HoldsRows = false;
        _isOpen = false;
        _stage?.Forget();
    }

    /// <summary>Rolls back what is not committed and closes the connection. Never throws: a broken one is dropped.</summary>
    public async Task CloseAsync()
    {
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

    private async Task RunAsync(IReadOnlyList<NpgsqlBatchCommand> commands, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(_connection);
        foreach (NpgsqlBatchCommand command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

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
