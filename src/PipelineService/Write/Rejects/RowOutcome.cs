namespace PipelineService.Write.Rejects;

/// <summary>What became of the rows of a chunk; those that are not named here are loaded.</summary>
public sealed class RowOutcome
{
    private readonly List<RejectedRow> _refused = [];
    private readonly List<RejectedRow> _waiting = [];

    /// <summary>Those that the database refused, in the order of the data.</summary>
    public IReadOnlyList<RejectedRow> Refused => _refused;

    /// <summary>Those of them that may be taken once the rest of the job is there: <see cref="WaitingRows"/>.</summary>
    public IReadOnlyList<RejectedRow> Waiting => _waiting;

    /// <summary>How many a trigger let fall.</summary>
    public int Filtered { get; private set; }

    /// <summary>How many did not land.</summary>
    public int Missed => _refused.Count + Filtered;

    public void AddFiltered(int rows) => Filtered += rows;

    public void Add(RejectedRow row, bool mayBeTakenLater)
    {
        _refused.Add(row);
        if (mayBeTakenLater)
        {
            _waiting.Add(row);
        }
    }

    /// <summary>The same rows were refused, but so many were let fall when the others were written for good.</summary>
    public RowOutcome WithFiltered(int rows)
    {
        Filtered = rows;
        return this;
    }

    public void Sort()
    {
        _refused.Sort(static (a, b) => a.Index.CompareTo(b.Index));
        _waiting.Sort(static (a, b) => a.Index.CompareTo(b.Index));
    }
}
