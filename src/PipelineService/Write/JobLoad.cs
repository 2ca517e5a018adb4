using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Profiles;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>
/// One attempt at loading one job: what its chunks share on their way through the workers. The chunk reader enters
/// chunks, workers transform and write them, the job waits for the last one.
/// </summary>
public sealed class JobLoad : IDisposable
{
    private readonly SemaphoreSlim _inFlight;
    private readonly CancellationTokenSource _stop;
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _isOrdered;
    private Task _lastTurn = Task.CompletedTask;
    private Exception? _failure;
    private long _read;
    private long _loaded;
    private long _rejected;
    private long _filtered;
    private long _bytes;
    private long _waiting;
    private readonly RejectTally _rejects = new();
    private readonly OpTally _ops = new();

    public JobLoad(JobLoadPlan plan, int sessions, WriteOptions options, ILogger logger, CancellationToken stopping)
    {
        Plan = plan;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _isOrdered = sessions == 1;
        InFlightMax = sessions + 1;
        _inFlight = new SemaphoreSlim(InFlightMax, InFlightMax);
        (_read, _loaded, _rejected, _filtered) = plan.Covered;
        _bytes = plan.CoveredBytes;
        foreach (RejectCount count in plan.CoveredRejects)
        {
            _rejects.Add(count.Code, count.Field, count.Records);
        }

        _ops.Add(plan.CoveredOps);

        Sessions = new WriteSessions(this, sessions, options, logger);
    }

    public JobLoadPlan Plan { get; private set; }

    /// <summary>Where in its table the rows of this attempt begin.</summary>
    public LoadBeginning Beginning { get; } = new();

    public WriteSessions Sessions { get; }

    public int InFlightMax { get; }

    public int RawBytesMax => Plan.RawBytesMax;

    /// <summary>How chunks become rows.</summary>
    public ChunkTransform? Transform { get; private set; }

    /// <summary>What is counted of their rows; null where nobody asks for that.</summary>
    public ProfilePlan? Profiled { get; private set; }

    /// <summary>
    /// Tells how chunks become rows, before the first of them enters: it depends on the header, which is read first.
    /// </summary>
    /// <param name="rows">The columns of those rows.</param>
    /// <param name="keys">The keys to watch, if there are any.</param>
    public void Begin(ChunkTransform transform, RowPlan rows, KeyFilter? keys)
    {
        Transform = transform;
        Plan = Plan with { Rows = rows };
        Keys = keys;
        Profiled = ProfilePlan.Of(rows);
    }

    /// <summary>
    /// What all rows of the job are like, those of earlier attempts included as far as this version can read what they have left. Nothing
    /// may be in flight.
    /// </summary>
    /// <returns>Null where nobody asks for it.</returns>
    public JobProfile? MergeProfiles()
    {
        if (Profiled is not { } plan)
        {
            return null;
        }

        JobProfile all = new(plan);
        foreach (JobProfile part in Plan.CoveredProfiles.Select(bytes => JobProfile.TryRead(plan, bytes)).OfType<JobProfile>()
            .Concat(Sessions.Profiles))
        {
            all.Merge(part);
        }

        return all;
    }

    /// <summary>Cancelled when the load has failed or is to stop.</summary>
    public CancellationToken Stopped => _stop.Token;

    /// <summary>Records accounted for so far, checkpoints of earlier attempts included.</summary>
    public RecordCounts Counts => new(
        Interlocked.Read(ref _read), Interlocked.Read(ref _loaded), Interlocked.Read(ref _rejected), Interlocked.Read(
            ref _filtered));

    /// <summary>
    /// Those that were rejected, by code and field, the most frequent first. Rows that waited and have landed still count.
    /// </summary>
    public IReadOnlyList<RejectCount> Rejects
    {
        get
        {
            lock (_rejects)
            {
                return [.. _rejects.Counts];
            }
        }
    }

    /// <summary>What the dataset's transforms have done so far.</summary>
    public IReadOnlyList<OpCount> Ops
    {
        get
        {
            lock (_ops)
            {
                return _ops.Counts;
            }
        }
    }

    /// <summary>Transforms a chunk that was written before a second time.</summary>
    public required ReadAgain ReadAgain { get; init; }

    /// <summary>Told of what became of records, when that is committed.</summary>
    public Action<RecordTally>? Settled { get; init; }

    /// <summary>
    /// What became of records in transactions that were not committed, or of which that is not known. Complete when the sessions
    /// are closed.
    /// </summary>
    public RecordTally Tally { get; } = new();

    /// <summary>Bytes of the upload that have been written and checkpointed.</summary>
    public long BytesDone => Interlocked.Read(ref _bytes);

    /// <summary>
    /// Whether each chunk commits by itself. A load of a chunk-committing job whose upload could still break off holds its
    /// transactions until the upload is sealed, unless lineage lets the rows be taken back.
    /// </summary>
    public bool CommitsEachChunk { get; set; }

    /// <summary>The keys that the job has sent, or null where it has none to watch.</summary>
    public KeyFilter? Keys { get; private set; }

    /// <summary>
    /// How many rows are sent at once at most. A chunk that took too long is sent in parts, and those after it, too; shared by
    /// the workers without a lock, since any size is right.
    /// </summary>
    public int RowsAtOnceMax { get; set; } = int.MaxValue;

    /// <summary>What is to be expected of the table's constraints.</summary>
    public RejectForecast Refusals { get; init; } = new();

    /// <summary>Waits for a place among the chunks in flight. Paired with <see cref="Leave"/>.</summary>
    public async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        await _inFlight.WaitAsync(cancellationToken);
        Turn turn = new(_isOrdered ? _lastTurn : Task.CompletedTask);
        _lastTurn = turn.Ended;
        return turn;
    }

    /// <summary>The chunk is done with: written, or given up because the load has failed.</summary>
    public void Leave(Turn turn)
    {
        turn.End();
        _inFlight.Release();
    }

    /// <summary>Told of each chunk that has landed.</summary>
    public Action? Landed { get; init; }

    /// <summary>Adds a written chunk to the counts.</summary>
    /// <param name="ops">What the transforms did.</param>
    /// <param name="rejects">What its rejects are, if there are any.</param>
    public void Add(RecordCounts counts, long bytes, IReadOnlyList<OpCount> ops, RejectTally? rejects = null)
    {
        if (ops.Count > 0)
        {
            lock (_ops)
            {
                _ops.Add(ops);
            }
        }

        if (rejects is not null)
        {
            lock (_rejects)
            {
                _rejects.Add(rejects);
            }
        }

        Interlocked.Add(ref _read, counts.Read);
        Interlocked.Add(ref _loaded, counts.Loaded);
        Interlocked.Add(ref _rejected, counts.Rejected);
        Interlocked.Add(ref _filtered, counts.Filtered);
        Interlocked.Add(ref _bytes, bytes);
        Landed?.Invoke();
    }

    /// <summary>Adds rejects, or takes them off, that may yet be loaded: they do not count towards the reject limits.</summary>
    public void AddWaiting(long rows) => Interlocked.Add(ref _waiting, rows);

    /// <summary>Whether a chunk with so many rejects takes the job over its reject limits.</summary>
    public bool IsOverLimit(long read, long rejected)
    {
        RecordCounts counts = Counts;
        return !Plan.IsRollingForward
            && Plan.Rows.Definition.Rejects.AreExceededBy(
                counts.Read + read, counts.Rejected + rejected - Interlocked.Read(ref _waiting), isFinal: false);
    }

    /// <summary>Ends the load: the first failure counts, later ones follow from it.</summary>
    public void Fail(Exception failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is null)
        {
            _stop.Cancel();
            _failed.TrySetResult();
        }
    }

    /// <summary>Waits until no chunk is in flight. The reader must have stopped entering chunks.</summary>
    public async Task WhenIdleAsync()
    {
        for (int i = 0; i < InFlightMax; i++)
        {
            await _inFlight.WaitAsync(CancellationToken.None);
        }

        _inFlight.Release(InFlightMax);
    }

    /// <summary>Throws the first failure, if there was one.</summary>
    public void ThrowIfFailed()
    {
        if (_failure is Exception failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _inFlight.Dispose();
    }
}
