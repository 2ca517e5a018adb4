using PipelineService.Core.Rules;

namespace PipelineService.Core.Jobs;

/// <summary>
/// What became of records, and why those that were rejected were: each of them under its first reason. Several threads may
/// add at once. What is added may be taken off again, as when a row that was refused is taken after all.
/// </summary>
public sealed class RecordTally
{
    private static readonly RecordErrorCode[] AllCodes = Enum.GetValues<RecordErrorCode>();

    private readonly Lock _lock = new();
    private readonly long[] _rejects = new long[1 + (int)AllCodes.Max()];
    private readonly OpTally _ops = new();
    private RecordCounts _counts;

    public RecordCounts Counts
    {
        get
        {
            lock (_lock)
            {
                return _counts;
            }
        }
    }

    /// <summary>The reasons that there were, with how many records were rejected for each.</summary>
    public IReadOnlyList<(RecordErrorCode Code, long Records)> Rejects
    {
        get
        {
            lock (_lock)
            {
                return [.. AllCodes.Select(code => (code, _rejects[(int)code])).Where(reject => reject.Item2 != 0)];
            }
        }
    }

    /// <summary>What the dataset's transforms did.</summary>
    public IReadOnlyList<OpCount> Ops
    {
        get
        {
            lock (_lock)
            {
                return _ops.Counts;
            }
        }
    }

    public void Add(IReadOnlyList<OpCount> ops)
    {
        lock (_lock)
        {
            _ops.Add(ops);
        }
    }

    public void Add(RecordCounts counts)
    {
        lock (_lock)
        {
            _counts += counts;
        }
    }

    /// <summary>Says why records were rejected that the counts have among the rejected.</summary>
    public void AddReason(RecordErrorCode code, long records = 1)
    {
        lock (_lock)
        {
            _rejects[(int)code] += records;
        }
    }

    /// <summary>Adds the reasons of a chunk's rejects.</summary>
    public void AddReasons(RejectBuffer rejects)
    {
        lock (_lock)
        {
            foreach (ref readonly Reject reject in rejects.Rejects)
            {
                _rejects[(int)rejects.ErrorsOf(reject)[0].Code]++;
            }
        }
    }

    public void Add(RecordTally other)
    {
        (RecordCounts counts, IReadOnlyList<(RecordErrorCode, long)> rejects) = (other.Counts, other.Rejects);
        IReadOnlyList<OpCount> ops = other.Ops;
        lock (_lock)
        {
            _counts += counts;
            _ops.Add(ops);
            foreach ((RecordErrorCode code, long records) in rejects)
            {
                _rejects[(int)code] += records;
            }
        }
    }
}
