namespace PipelineService.Write;

/// <summary>What became of the rows of a chunk; those that are not named here are loaded.</summary>
public sealed class RowOutcome
{
    private readonly List<RefusedRow> _refused = [];
    private readonly List<RefusedRow> _waiting = [];

    /// <summary>Those that the database refused, in the order of the data.</summary>
    public IReadOnlyList<RefusedRow> Refused => _refused;

    /// <summary>Those of them that may be taken once the rest of the job is there: <see cref="WaitingRows"/>.</summary>
    public IReadOnlyList<RefusedRow> Waiting => _waiting;

    /// <summary>How many a trigger let fall.</summary>
    public int Filtered { get; private set; }

    /// <summary>How many did not land.</summary>
    public int Missed => _refused.Count + Filtered;

    public void AddFiltered(int rows) => Filtered += rows;

    public void Add(RefusedRow row, bool mayBeTakenLater)
    {
        _refused.Add(row);
        if (mayBeTakenLater)
        {
            _waiting.Add(row);
        }
    }

    public void Sort()
    {
        _refused.Sort(static (a, b) => a.Index.CompareTo(b.Index));
        _waiting.Sort(static (a, b) => a.Index.CompareTo(b.Index));
    }
}
