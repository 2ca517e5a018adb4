using System.Collections.Concurrent;
using System.Diagnostics;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Write;
using PipelineService.Write.Rejects;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// A job that this instance receives or runs: its row as far as it is known, with counts as they are now.
/// </summary>
/// <param name="row">What is known of it so far.</param>
/// <param name="table">The table that it loads into.</param>
/// <param name="kind">How its records are written.</param>
/// <param name="recordBytesMax">The record limit that it is received under.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "No handle of the cancellation is ever waited for, so there is nothing to dispose of.")]
public sealed class LiveJob(JobRow row, string table, UploadForm kind, int recordBytesMax, TimeProvider time)
{
    private readonly GrowthSignal _changed = new();
    private readonly Lock _lock = new();
    private readonly long _since = time.GetTimestamp();
    private readonly CancellationTokenSource _cancel = new();
    private JobRow _row = row;
    private JobLoad? _load;
    private UploadContent? _content;
    private UploadGrowth? _upload;
    private long _bytesReached;

    public Guid Id { get; } = row.Id;

    /// <summary>Whose turn it takes.</summary>
    public string Party { get; } = row.Party;

    public string Table { get; } = table;

    public UploadForm Kind { get; } = kind;

    public int RecordBytesMax { get; } = recordBytesMax;

    /// <summary>Whether its upload is converted: that begins when all of it is there.</summary>
    public bool IsConverted { get; } = FormatTable.Of(kind.Format).IsConverted;

    /// <summary>Whether its rows take the place of all others: it is begun when all of its upload is there, and with no other.</summary>
    public bool ReplacesAll { get; init; }

    /// <summary>Whether it looks something up, in versions of its own: it is loaded with no other.</summary>
    public bool LooksUp { get; init; }

    /// <summary>Whether it is told what its rows are like: it is loaded with no other.</summary>
    public bool IsProfiled { get; init; }

    /// <summary>What has to be undone before its records can be read.</summary>
    public UploadCodings Codings { get; init; } = UploadCodings.None;

    /// <summary>How long its upload will be; null when that was not announced, or does not matter any more.</summary>
    public long? AnnouncedBytes { get; init; }

    /// <summary>Its run on this instance; completes when the job has ended, been handed back or taken back.</summary>
    public Task Run { get; set; } = Task.CompletedTask;

    /// <summary>The span of the request that brought its upload.</summary>
    public ActivityContext Request { get; init; }

    /// <summary>What its last attempt here has made of records without committing it; null before the first.</summary>
    public RecordTally? Tally { get; private set; }

    /// <summary>What its attempts have learnt about the rows that its table refuses.</summary>
    public RejectForecast Refusals { get; } = new();

    /// <summary>Cancelled when somebody asks for the job's end. Never disposed: nothing is waited for with a handle.</summary>
    public CancellationToken CancelRequested => _cancel.Token;

    /// <summary>What it wants sessions for.</summary>
    /// <param name="bytes">How long its upload is, as far as that is known.</param>
    public SessionWish Wish(long? bytes) => new(Table, Party, bytes < SessionBudget.SmallBytes);

    /// <summary>Asks whoever receives and runs the job to end it.</summary>
    public Task CancelAsync()
    {
        Change(row => row.JobState.IsFinal() ? row : row with { CancelRequested = true });
        return _cancel.CancelAsync();
    }

    /// <summary>Completes at the next change of state. Take it before looking at the row.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>The row with the counts and progress of this moment.</summary>
    public JobRow Current
    {
        get
        {
            lock (_lock)
            {
                return WithProgress(_row);
            }
        }
    }

    /// <summary>How many bytes of the upload the attempts here have written at best, committed or not.</summary>
    public long BytesReached
    {
        get
        {
            lock (_lock)
            {
                return _bytesReached;
            }
        }
    }

    /// <summary>What is being loaded, for the counts, and what of; null between attempts.</summary>
    public void Follow(JobLoad? load, UploadContent? content = null)
    {
        lock (_lock)
        {
            _content = content;
            _bytesReached = Math.Max(_bytesReached, _load?.BytesDone ?? 0);
            _load = load;
            Tally = load?.Tally ?? Tally;
        }
    }

    /// <summary>What is being received or read, for the bytes.</summary>
    public void Follow(UploadGrowth upload)
    {
        lock (_lock)
        {
            _upload = upload;
        }
    }

    public void Change(Func<JobRow, JobRow> change)
    {
        lock (_lock)
        {
            _row = change(_row);
            _row = _row with { Revision = _row.Revision + 1 };
        }

        _changed.Set();
    }

    /// <summary>It gets on again.</summary>
    public void StopWaiting()
    {
        if (Volatile.Read(ref _row).WaitingFor is not null)
        {
            Change(row => row with { WaitingFor = null });
        }
    }

    private JobRow WithProgress(JobRow row)
    {
        if (row.JobState.IsFinal())
        {
            return row;
        }

        if (_upload is { } upload && !row.UploadComplete)
        {
            row = row with { UploadBytes = Math.Max(row.UploadBytes, upload.Received) };
        }

        if (_load is not { } load)
        {
            return row;
        }

        RecordCounts counts = load.Counts;
        double seconds = time.GetElapsedTime(_since).TotalSeconds;
        long total = (row.UploadComplete ? _upload?.Length : AnnouncedBytes) ?? 0;
        return row with
        {
            RecordsRead = counts.Read,
            RecordsLoaded = counts.Loaded,
            RecordsRejected = counts.Rejected,
            RecordsFiltered = counts.Filtered,
            Ops = OpCounts.ToJson(load.Ops),
            Rejects = counts.Rejected > 0 ? RejectsView.Of(load.Rejects).ToJson() : null,
            ProgressRatio = total > 0 ? Math.Min(1, (double)(_content?.SentOf(load.BytesDone) ?? load.BytesDone) / total) : 0,
            RecordsPerSecond = seconds > 0 ? Math.Round((counts.Read - load.Plan.Covered.Read) / seconds) : null,
        };
    }
}

/// <summary>The jobs that this instance receives or runs. Bounded by open uploads and write sessions.</summary>
public sealed class LiveJobs
{
    private static readonly JobState[] HeldStates = [JobState.Receiving, JobState.Running, JobState.Committing];

    private readonly ConcurrentDictionary<Guid, LiveJob> _jobs = new();

    /// <summary>
    /// One for each job would have to be cleared away; these few are shared, and a wait that is woken in vain looks
    /// again.
    /// </summary>
    private readonly GrowthSignal[] _changes = [.. Enumerable.Range(0, 256).Select(_ => new GrowthSignal())];

    public int Count => _jobs.Count;

    public LiveJob? Find(Guid id) => _jobs.GetValueOrDefault(id);

    /// <summary>How many there are in each state in which they are anybody's: in the queue they are nobody's.</summary>
    public IEnumerable<(JobState State, long Jobs)> Census()
    {
        ILookup<JobState, LiveJob> jobs = _jobs.Values.ToLookup(job => job.Current.JobState);
        return HeldStates.Select(state => (state, jobs[state].LongCount()));
    }

    public void Add(LiveJob job)
    {
        _jobs[job.Id] = job;
        Tell(job.Id);
    }

    public void Remove(LiveJob job)
    {
        _jobs.TryRemove(new KeyValuePair<Guid, LiveJob>(job.Id, job));
        Tell(job.Id);
    }

    /// <summary>Told whenever this instance has changed a job, takes it up or has let it go.</summary>
    public event Action<Guid>? Told;

    /// <summary>
    /// Wakes those who wait for a job that is not live: this instance has changed it, or takes it up.
    /// </summary>
    public void Tell(Guid id)
    {
        ChangeOf(id).Set();
        Told?.Invoke(id);
    }

    /// <summary>Completes when this instance changes a job that is not live. Take it before looking.</summary>
    public Task NextChange(Guid id) => ChangeOf(id).Next;

    private GrowthSignal ChangeOf(Guid id) => _changes[(uint)id.GetHashCode() % _changes.Length];
}
