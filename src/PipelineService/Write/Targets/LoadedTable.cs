using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Datasets.Views;
using PipelineService.Hosting;
using PipelineService.Write.Rejects;

namespace PipelineService.Write.Targets;

/// <summary>
/// The table as a session's transactions find it. Each locks it against whoever would alter it, looks at it and holds it
/// against the definition, in the round trip that begins it: binary COPY stores what fits by its bytes, whatever it means.
/// </summary>
public sealed class LoadedTable(JobLoad load)
{
    private string? _look;
    private TableShape? _shape;
    private TargetConstraints? _constraints;
    private string? _views;

    /// <summary>What it may refuse rows for.</summary>
    public TargetConstraints Constraints =>
        _constraints ??= new TargetConstraints(
            Shape,
            load.Plan.Rows,
            load.Plan.Target.Table);

    public TableShape Shape => _shape ?? throw new InvalidOperationException("No transaction has looked at the table.");

    /// <summary>The views that its rows add to; the same list as long as they are the same.</summary>
    public IReadOnlyList<KeptView> Views { get; private set; } = [];

    /// <summary>The statements that lock the table and look at it.</summary>
    public IReadOnlyList<NpgsqlBatchCommand> Look()
    {
        TableName table = load.Plan.Target.Table;
        return [new(load.Plan.Target.Lock), TargetTable.Look(table, isLocked: true)];
    }

    /// <summary>Reads what the look has found.</summary>
    /// <exception cref="JobFaultException">The table contradicts the definition.</exception>
    public async Task ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken))
        {
            return;
        }

        bool hasPlace = !await reader.IsDBNullAsync(1, cancellationToken) && !await reader.IsDBNullAsync(2, cancellationToken);
        load.Beginning.See(hasPlace ? new TablePlace(reader.GetInt64(1), reader.GetInt64(2)) : null);
        string? views = await reader.IsDBNullAsync(3, cancellationToken) ? null : reader.GetString(3);
        if (views != _views)
        {
            (_views, Views) = (views, KeptView.Parse(views, load.Plan.Target.Table));
        }

        string look = reader.GetString(0);
        if (look == _look)
        {
            return;
        }

        var shape = TableShape.Parse(look);
        var comparison = TableComparison.AtLoad(load.Plan.Rows.Definition, shape);
        if (comparison.Contradictions.Count > 0)
        {
            throw new JobFaultException(
                TargetProblems.Contradicts(load.Plan.Target.Table.ToString(), comparison.Contradictions));
        }

        (_look, _shape, _constraints) = (look, shape, null);
    }
}
