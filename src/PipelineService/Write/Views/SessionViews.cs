using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Views;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Write.Targets;

namespace PipelineService.Write.Views;

/// <summary>
/// What the rows of a session add to the views of their table: taken in when the table has taken the rows, and written in their
/// transaction before it is committed. Each adds rows of its own, so that no session waits for another, and late data is like any other.
/// </summary>
/// <param name="session">Whose transaction it is.</param>
/// <param name="table">The table as that has found it.</param>
public sealed class SessionViews(WriteSession session, JobLoad load, LoadedTable table)
{
    private readonly List<FollowedView> _followed = [];
    private readonly Dictionary<long, string> _obstacles = [];
    private IReadOnlyList<KeptView> _kept = [];
    private TableShape? _shape;
    private RowPlan? _plan;
    private bool _hasRows;

    /// <summary>Whether it holds as much as it may.</summary>
    public bool AreFull => _followed.Exists(view => view.Fold.IsFull);

    /// <summary>The last statements of a transaction with rows that a view could not follow.</summary>
    public IEnumerable<NpgsqlBatchCommand> Doubts =>
        _hasRows ? _obstacles.Select(view => ViewRows.Doubt(view.Key, view.Value)) : [];

    /// <summary>Takes in rows that have landed.</summary>
    /// <param name="job">Whose they are.</param>
    /// <param name="refused">0-based indexes of those among them that have not, ascending.</param>
    public void Add(Guid job, RowBuffer rows, int first, int count, ReadOnlySpan<int> refused)
    {
        if (table.Views.Count == 0 || count == 0)
        {
            return;
        }

        if (_kept != table.Views || _shape != table.Shape || _plan != load.Plan.Rows)
        {
            Follow();
        }

        _hasRows = true;
        Guid owner = load.Plan.Rows.Definition.Load.Lineage ? job : Guid.Empty; // whose rows do not tell it has them for good
        foreach (FollowedView view in _followed)
        {
            view.Of(owner).Add(owner, rows, first, count, refused);
        }
    }

    /// <summary>Writes what was taken in, in the open transaction.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (FollowedView view in _followed)
        {
            RowBuffer parts = view.TakeParts();
            if (parts.Count > 0)
            {
                FaultPoints.Reach(FaultPoint.ViewPartsWriting);
                int[] all = [.. Enumerable.Range(0, parts.Count)];
                await session.Copy.SendAsync(view.Sql, parts, all, cancellationToken);
                FaultPoints.Reach(FaultPoint.ViewPartsWritten);
                parts.Clear();
            }
        }
    }

    /// <summary>The transaction has come to its end.</summary>
    public void End() => _hasRows = false;

    /// <summary>Begins with the views that there are now; in the middle of a transaction they stay the same.</summary>
    private void Follow()
    {
        (_kept, _shape, _plan) = (table.Views, table.Shape, load.Plan.Rows);
        _followed.Clear();
        _obstacles.Clear();
        var sent = _plan.Columns.Select(column => column.Field.Name).ToHashSet(StringComparer.Ordinal);
        HashSet<string> read = [.. session.Constraints.ReadColumns.Select(column => _plan.Columns[column.Index].Field.Name)];
        foreach (KeptView view in _kept)
        {
            string[] fields = [.. view.Types.Keys];
            string? obstacle = ViewObstacles.Find(_shape, fields, sent)
                ?? (fields.FirstOrDefault(read.Contains) is { } field
                    ? $"What column \"{field}\" makes of a text, only PostgreSQL knows."
                    : _plan.Definition.Load.Mode is not (LoadMode.Append or LoadMode.Replace)
                        ? "Rows have come in the place of others that nobody has read."
                        : null);
            if (obstacle is null)
            {
                _followed.Add(new FollowedView(view, _plan));
            }
            else
            {
                _obstacles[view.Id] = ViewObstacles.Of(view.Table, obstacle);
            }
        }
    }

    private sealed class FollowedView(KeptView view, RowPlan plan)
    {
        private readonly RowBuffer _parts = new(initialBytes: 256);
        private Guid _job;

        public string Sql { get; } = new ViewSql(view).Copy;

        public ViewFold Fold { get; } = new(new ViewPlan(view.View, plan));

        /// <summary>For rows of a job; those of another are told apart.</summary>
        public ViewFold Of(Guid job)
        {
            if (job != _job)
            {
                Fold.Flush(_job, _parts);
                _job = job;
            }

            return Fold;
        }

        public RowBuffer TakeParts()
        {
            Fold.Flush(_job, _parts);
            return _parts;
        }
    }
}
