using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Views;

/// <summary>How the values of a column are read where they are encoded.</summary>
internal enum PlainKind
{
    /// <summary>Only whether there is one matters.</summary>
    Any,

    /// <summary>A whole number of two, four or eight bytes, as times and dates are, too.</summary>
    Whole,
    Numeric,
    Float,
}

/// <summary>A key in the rows of a load.</summary>
/// <param name="Column">Where it stands among the columns that are looked at; -1: the rows do not have it.</param>
/// <param name="Step">Of times: microseconds, or days, that are taken together; 0: as they are.</param>
internal readonly record struct PlannedKey(int Column, long Step);

/// <summary>What is kept of a column in the rows of a load.</summary>
/// <param name="Column">Where it stands among the columns that are looked at; -1: the rows do not have it.</param>
/// <param name="Slot">The first of its numbers in a group: how many values, then the sum in two, its scale, the least, the greatest.</param>
/// <param name="Extreme">The first of its two numbers with digits in a group.</param>
internal readonly record struct PlannedPart(ViewPart Part, int Column, PlainKind Kind, int Width, int Slot, int Extreme);

/// <summary>A view compiled for the rows of a load: where in them its columns are. Immutable.</summary>
public sealed class ViewPlan
{
    internal const int Sum = 1, Scale = 3, Least = 4, Greatest = 5, SlotsOfPart = 6;

    /// <summary>Microseconds, and days, from the first moment that PostgreSQL knows, a Monday, to that from which it counts.</summary>
    internal const long EpochDays = 2_451_545;

    private const int RowsSlot = 1;

    /// <param name="view">The view.</param>
    /// <param name="rows">The columns that are sent.</param>
    public ViewPlan(ViewDefinition view, RowPlan rows)
    {
        View = view;
        List<int> looked = [];
        Keys = [.. view.Keys.Select(key => new PlannedKey(ColumnOf(key.Field), StepOf(key, FieldOf(key.Field))))];
        Parts = [.. view.Parts.Select((part, index) => PartOf(part, index, ColumnOf(part.Field)))];
        int last = looked.Count == 0 ? -1 : looked.Max();
        Places = [.. Enumerable.Range(0, last + 1).Select(column => looked.IndexOf(column))];
        Looked = looked.Count;
        Slots = RowsSlot + (Parts.Length * SlotsOfPart);
        Fields = (short)(2 + Keys.Length + view.Parts.Sum(part =>
            (part.Counts ? 1 : 0) + (part.Sums ? 1 : 0) + (part.HasLeast ? 1 : 0) + (part.HasGreatest ? 1 : 0)));

        FieldDefinition? FieldOf(string name) => rows.Columns.FirstOrDefault(column => column.Field.Name == name)?.Field;

        int ColumnOf(string name)
        {
            int column = rows.Columns.Index().Where(c => c.Item.Field.Name == name).Select(c => c.Index).DefaultIfEmpty(-1).First();
            if (column < 0)
            {
                return -1;
            }

            if (!looked.Contains(column))
            {
                looked.Add(column);
            }

            return looked.IndexOf(column);
        }

        PlannedPart PartOf(ViewPart part, int index, int column)
        {
            SqlTypeName? type = FieldOf(part.Field)?.SentType.Name;
            bool isRead = part.Sums || part.HasLeast || part.HasGreatest;
            return new PlannedPart(
                part, column, isRead ? KindOf(type) : PlainKind.Any, WidthOf(type), RowsSlot + (index * SlotsOfPart), 2 * index);
        }
    }

    public ViewDefinition View { get; }

    internal ImmutableArray<PlannedKey> Keys { get; }

    internal ImmutableArray<PlannedPart> Parts { get; }

    /// <summary>By column of a row, up to the last that is looked at: where it stands among those that are; -1: it is not.</summary>
    internal ImmutableArray<int> Places { get; }

    /// <summary>How many columns are looked at.</summary>
    internal int Looked { get; }

    /// <summary>Numbers of a group.</summary>
    internal int Slots { get; }

    /// <summary>Columns of a part as it is written: the job, the keys, the rows, and what is kept of each column.</summary>
    internal short Fields { get; }

    private static long StepOf(ViewKey key, FieldDefinition? field) => key.Every is not { } every ? 0
        : field?.SentType.Name == SqlTypeName.Date ? every.Days
        : every.Ticks / TimeSpan.TicksPerMicrosecond;

    private static PlainKind KindOf(SqlTypeName? type) => type switch
    {
        SqlTypeName.Numeric => PlainKind.Numeric,
        SqlTypeName.Real or SqlTypeName.DoublePrecision => PlainKind.Float,
        SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt or SqlTypeName.Date or SqlTypeName.Time or SqlTypeName.Timestamp
            or SqlTypeName.TimestampTz => PlainKind.Whole,
        _ => PlainKind.Any,
    };

    private static int WidthOf(SqlTypeName? type) => type switch
    {
        SqlTypeName.SmallInt => sizeof(short),
        SqlTypeName.Integer or SqlTypeName.Date or SqlTypeName.Real => sizeof(int),
        _ => sizeof(long),
    };
}
