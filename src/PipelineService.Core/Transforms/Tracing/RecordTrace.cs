using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Tracing;

/// <summary>
/// Watches one record of a chunk while the code that loads records reads, transforms and encodes it, and keeps what it sees. Bounded
/// whatever the record is: values are cut, and of very many changes some are only counted.
/// </summary>
/// <param name="record">1-based number of the record in the upload.</param>
public sealed class RecordTrace(long record)
{
    /// <summary>Changes that are kept.</summary>
    public const int ChangesMax = 2_000;

    private readonly List<TracedStep> _steps = [];
    private readonly List<TracedColumn> _columns = [];
    private TracedValue[] _now = [];
    private RecordValue[] _places = [];
    private int _changes;

    public long Record { get; } = record;

    /// <summary>How many ops are run: the one behind them asks for what is not known.</summary>
    public int StepsMax { get; init; } = int.MaxValue;

    /// <summary>Whether some of the ops were not run because of that, so that nothing is known of what became of the record.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Where the record stands in the chunk; null where the chunk does not have it.</summary>
    public RecordPlace? Place { get; private set; }

    /// <summary>1-based number of the physical line on which it starts.</summary>
    public long Line { get; private set; }

    /// <summary>Whether it could be read as it must.</summary>
    public bool IsRead { get; private set; }

    /// <summary>What was read, by the columns of the dataset; none where it could not be read.</summary>
    public ImmutableArray<TracedValue> Fields { get; private set; } = [];

    /// <summary>What the ops have done that were run, in their order.</summary>
    public IReadOnlyList<TracedStep> Steps => _steps;

    /// <summary>What became of the columns; none where an op has left the record out.</summary>
    public IReadOnlyList<TracedColumn> Columns => _columns;

    /// <summary>Changes that were only counted.</summary>
    public int ChangesUntold => Math.Max(0, _changes - ChangesMax);

    internal bool Wants(long other) => other == Record;

    /// <summary>The record has been read.</summary>
    internal void Begin(RecordPlace place, long line, bool isRead, ReadOnlySpan<byte> bytes, RecordValues values, int fields)
    {
        (Place, Line, IsRead) = (place, line, isRead);
        if (!isRead)
        {
            return;
        }

        (_now, _places) = (new TracedValue[fields], new RecordValue[fields]);
        for (int field = 0; field < fields; field++)
        {
            _places[field] = values.Get(field);
            _now[field] = TracedValue.Of(bytes, values, field);
        }

        Fields = [.. _now];
    }

    /// <summary>Of so many ops, those that are run.</summary>
    internal int CountOf(int ops)
    {
        IsPartial = ops > StepsMax;
        return Math.Min(ops, StepsMax);
    }

    /// <summary>An op has worked on the record.</summary>
    internal void Stepped(int op, RecordStep step, StepResult result, ReadOnlySpan<byte> bytes, RecordValues values)
    {
        ImmutableArray<TracedField> inputs = [.. step.Inputs.Select(field => new TracedField(field, _now[field]))];
        ImmutableArray<TracedChange>.Builder changes = ImmutableArray.CreateBuilder<TracedChange>();
        for (int field = 0; field < _now.Length; field++)
        {
            RecordValue place = values.Get(field);
            if (place == _places[field] && place.Kind != ValueKind.Typed)
            {
                continue; // what was made for a record stays where it is
            }

            _places[field] = place;
            var after = TracedValue.Of(bytes, values, field);
            if (!after.IsLike(_now[field]))
            {
                if (_changes++ < ChangesMax)
                {
                    changes.Add(new TracedChange(field, _now[field], after));
                }

                _now[field] = after;
            }
        }

        _steps.Add(new TracedStep(op, result, inputs, changes.DrainToImmutable()));
    }

    /// <summary>A column has been encoded, or refused.</summary>
    /// <param name="encoded">What was written to the row.</param>
    internal void Encoded(ColumnPlan column, RecordErrorCode code, bool isSettled, ReadOnlySpan<byte> encoded)
    {
        StoredValue? stored = code == RecordErrorCode.None ? StoredValue.Read(encoded, column) : null;
        _columns.Add(new TracedColumn(column, _now[column.Index], code, stored, isSettled));
    }
}
