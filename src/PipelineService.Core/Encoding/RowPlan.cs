using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;

namespace PipelineService.Core.Encoding;

/// <summary>
/// A dataset version compiled for the hot path: what to do with every record and with every field of it. Immutable, shared by
/// workers.
/// </summary>
public sealed class RowPlan
{
    /// <summary>The plan of a dataset that loads its records as they are.</summary>
    public RowPlan(DatasetDefinition definition)
        : this(definition, steps: [])
    {
    }

    public RowPlan(DatasetDefinition definition, ImmutableArray<RecordStep> steps)
        : this(
            definition,
            [.. definition.Columns.Select((f, index) => new ColumnPlan(f, index, definition.Schema.MissingValuesOf(f)))],
            steps)
    {
    }

    private RowPlan(DatasetDefinition definition, ImmutableArray<ColumnPlan> columns, ImmutableArray<RecordStep> steps)
    {
        Definition = definition;
        Columns = columns;
        Steps = steps;
        Ops = [.. definition.Transforms.Select(OpLabel.Of)];
        Lookups = [.. steps.Select(step => step.LooksUp).OfType<LookupUse>()];
        Scores = [.. steps.Select(step => step.Scores).OfType<ScoreUse>()];
        Hidden = [.. steps.SelectMany(step => step.Hides).Distinct().Order()];
        HidesRest = definition.Schema is { Rest: not null } schema
            && Hidden.Any(field => field < schema.Fields.Length && schema.IsRest(schema.Fields[field]));
    }

    public DatasetDefinition Definition { get; }

    /// <summary>What is done to a record before it is encoded, in this order.</summary>
    public ImmutableArray<RecordStep> Steps { get; }

    /// <summary>One per column of the dataset that is sent, in its order, which is the order of the columns in COPY.</summary>
    public ImmutableArray<ColumnPlan> Columns { get; }

    /// <summary>Columns of a row in COPY: the fields, then the two lineage columns if the dataset has them.</summary>
    public short ColumnCount => (short)(Columns.Length + (Definition.Load.Lineage ? 2 : 0));

    /// <summary>The same without some columns, which COPY then leaves to the table: they take their default.</summary>
    /// <param name="columns">0-based indexes.</param>
    public RowPlan Without(IReadOnlySet<int> columns) =>
        columns.Count == 0 ? this : new(Definition, [.. Columns.Where((_, index) => !columns.Contains(index))], Steps);

    /// <summary>The ops of the dataset's transforms, to tell them by.</summary>
    public ImmutableArray<OpLabel> Ops { get; }

    /// <summary>What its ops look up in other datasets, in their order.</summary>
    public ImmutableArray<LookupUse> Lookups { get; }

    /// <summary>What its ops ask models for, in their order.</summary>
    public ImmutableArray<ScoreUse> Scores { get; }

    /// <summary>
    /// Fields whose values are shown to nobody, as 0-based indexes: they hold personal data. Where there are any, nothing that may hold
    /// such a value is shown either: a record that cannot be read, a sentence of the database.
    /// </summary>
    public ImmutableArray<int> Hidden { get; }

    /// <summary>
    /// Whether the field for the rest is one of them: then what the schema does not declare is not shown, wherever it stands.
    /// </summary>
    public bool HidesRest { get; }

    /// <summary>What the ops did, without those that did nothing.</summary>
    /// <param name="records">By the index of the op; none behind the last that did something.</param>
    public IReadOnlyList<OpCount> CountOps(ReadOnlySpan<long> records)
    {
        if (!records.ContainsAnyExcept(0))
        {
            return [];
        }

        List<OpCount> counts = [];
        for (int i = 0; i < records.Length; i++)
        {
            if (records[i] > 0)
            {
                counts.Add(new OpCount(i, Ops[i].Op, Ops[i].Name, records[i]));
            }
        }

        return counts;
    }

    /// <summary>Whether a step may give a value to a field, so that it is sent whether the data has it or not.</summary>
    /// <param name="field">0-based index.</param>
    public bool IsGiven(int field) => Steps.Any(step => step.Gives.Contains(field));
}
