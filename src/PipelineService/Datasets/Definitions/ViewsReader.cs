using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions;

/// <summary>Reads <c>views</c>: the figures of groups of rows that are kept.</summary>
/// <param name="definition">All but this: its columns are known. Null: the views were declared once, and are right.</param>
/// <param name="faults">Takes what is wrong.</param>
internal sealed class ViewsReader(DatasetDefinition? definition, DefinitionFaults faults)
{
    public const string Property = "views";

    private const string Name = "name", GroupBy = "groupBy", Measures = "measures", Field = "field", Every = "every";
    private const string Forms = "count, or count, sum, avg, min or max with a space and a field behind it";

    /// <summary>Microseconds from one moment to another are counted in 64 bits: a step is a part of that.</summary>
    private static readonly TimeSpan EveryMax = TimeSpan.FromDays(3660);

    private static readonly FrozenSet<SqlTypeName> Times = [SqlTypeName.Timestamp, SqlTypeName.TimestampTz];

    private static readonly FrozenSet<SqlTypeName> KeyTypes =
    [
        SqlTypeName.Text, SqlTypeName.Varchar, SqlTypeName.Uuid, SqlTypeName.SmallInt, SqlTypeName.Integer, SqlTypeName.BigInt,
        SqlTypeName.Numeric, SqlTypeName.Boolean, SqlTypeName.Date, SqlTypeName.Time, .. Times,
    ];

    private static readonly FrozenSet<SqlTypeName> SumTypes =
        [SqlTypeName.SmallInt, SqlTypeName.Integer, SqlTypeName.BigInt, SqlTypeName.Numeric];

    private static readonly FrozenSet<SqlTypeName> OrderedTypes =
        [.. SumTypes, SqlTypeName.Real, SqlTypeName.DoublePrecision, SqlTypeName.Date, SqlTypeName.Time, .. Times];

    private readonly FrozenDictionary<string, FieldDefinition> _columns = (definition?.Columns ?? [])
        .DistinctBy(column => column.Name, StringComparer.Ordinal).ToFrozenDictionary(column => column.Name, StringComparer.Ordinal);

    private readonly IReadOnlySet<string> _personal = definition?.PersonalColumns() ?? FrozenSet<string>.Empty;

    /// <summary>A view as <see cref="ViewDocument"/> writes it.</summary>
    public static ViewDefinition ReadStored(JsonElement json)
    {
        DefinitionFaults faults = new();
        return new ViewsReader(definition: null, faults).ReadView(json, "") is { } view && !faults.Any
            ? view
            : throw new InvalidOperationException("A view that was declared cannot be read.");
    }

    public ImmutableArray<ViewDefinition> Read(ObjectReader resource)
    {
        ImmutableArray<ViewDefinition> views = resource.Items(Property, ReadView);
        if (views.IsDefaultOrEmpty)
        {
            return [];
        }

        if (definition?.Load.Mode is not (LoadMode.Append or LoadMode.Replace))
        {
            resource.Fault(Property, "Of an upsert nobody has read the rows that others take the place of: a view could not take them out.");
        }

        if (views.Length > ViewDefinition.ViewsMax)
        {
            resource.Fault(Property, $"Must have {ViewDefinition.ViewsMax} views at most: each costs every load.");
        }

        foreach (string name in Repeated(views.Select(view => view.Name)))
        {
            resource.Fault(Property, $"Several views are called \"{Excerpt.Of(name)}\".");
        }

        return views;
    }

    private ViewDefinition? ReadView(JsonElement element, string pointer)
    {
        if (ObjectReader.Open(element, pointer, faults) is not ObjectReader view)
        {
            return null;
        }

        string name = view.Text(Name) ?? "";
        if (!view.TryGet(Name, out _))
        {
            view.Fault(Name, "Is missing: what the view is called.");
        }
        else if (!DatasetName.IsValid(name))
        {
            view.Fault(Name, NameFault(name));
        }

        ImmutableArray<ViewKey> keys = ReadKeys(view);
        ImmutableArray<ViewMeasure> measures = ReadMeasures(view, keys);
        view.Finish();
        return new ViewDefinition(name, keys, measures);
    }

    private ImmutableArray<ViewKey> ReadKeys(ObjectReader view)
    {
        ImmutableArray<ViewKey> keys = view.Items(GroupBy, ReadKey);
        if (!view.TryGet(GroupBy, out JsonElement said))
        {
            view.Fault(GroupBy, "Is missing: the fields that rows of a group have in common.");
        }
        else if (said.ValueKind == JsonValueKind.Array && said.GetArrayLength() is 0 or > ViewDefinition.KeysMax)
        {
            view.Fault(GroupBy, $"Must have 1 to {ViewDefinition.KeysMax} fields.");
        }

        keys = keys.IsDefault ? [] : keys;
        foreach (string name in Repeated(keys.Select(key => key.Field)))
        {
            view.Fault(GroupBy, $"\"{Excerpt.Of(name)}\" stands there twice.");
        }

        return keys;
    }

    private ViewKey? ReadKey(JsonElement element, string pointer)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            string name = element.GetString()!;
            CheckKey(name, pointer, every: null);
            return new ViewKey(name, Every: null);
        }

        if (ObjectReader.Open(element, pointer, faults) is not ObjectReader key)
        {
            return null;
        }

        string? field = key.Text(Field);
        if (!key.TryGet(Field, out _))
        {
            key.Fault(Field, "Is missing: the field that rows of a group have in common.");
        }

        TimeSpan? every = null;
        if (key.Text(Every) is { } text)
        {
            every = DurationText.Parse(text);
            if (every is not { } step || step < TimeSpan.FromSeconds(1) || step > EveryMax || step.Ticks % TimeSpan.TicksPerSecond != 0)
            {
                key.Fault(Every, $"Must be an ISO 8601 duration of whole seconds, of a second to {EveryMax.Days} days, such as PT1M.");
                every = null;
            }
        }

        if (field is not null)
        {
            CheckKey(field, key.PointerTo(Field), every);
        }

        key.Finish();
        return field is null ? null : new ViewKey(field, every);
    }

    private void CheckKey(string field, string pointer, TimeSpan? every)
    {
        if (FindColumn(field, pointer) is not { } column)
        {
            return;
        }

        SqlType type = column.SentType;
        if (!KeyTypes.Contains(type.Name))
        {
            faults.Add(
                pointer,
                $"Rows cannot be told apart by a column of type {column.ColumnType} here: use a text, a whole or exact number, a boolean, "
                + "a date, a time or a uuid.");
        }
        else if (every is not null && !Times.Contains(type.Name) && type.Name != SqlTypeName.Date)
        {
            faults.Add(pointer, $"Only times and dates are taken together in steps, and it is {type}: leave {Every} out.");
        }
        else if (every is not null && type.Precision is not null)
        {
            faults.Add(pointer, $"The column rounds its times ({type}), perhaps into the next step: declare it without a precision.");
        }
        else if (every is { } step && type.Name == SqlTypeName.Date && step.Ticks % TimeSpan.TicksPerDay != 0)
        {
            faults.Add(pointer, $"Dates are taken together in steps of whole days, such as P1D or P7D.");
        }
    }

    private ImmutableArray<ViewMeasure> ReadMeasures(ObjectReader view, ImmutableArray<ViewKey> keys)
    {
        if (!view.TryGet(Measures, out JsonElement said))
        {
            view.Fault(Measures, "Is missing: what is told of a group, such as { \"trips\": \"count\" }.");
            return [];
        }

        if (said.ValueKind != JsonValueKind.Object)
        {
            view.Fault(Measures, "Must be an object.");
            return [];
        }

        List<ViewMeasure> measures = [];
        foreach (JsonProperty property in said.EnumerateObject())
        {
            string pointer = JsonPointer.Append(view.PointerTo(Measures), Excerpt.Cut(property.Name, Excerpt.NameLengthMax));
            if (!DatasetName.IsValid(property.Name))
            {
                faults.Add(pointer, NameFault(property.Name));
            }
            else if (keys.Any(key => key.Field == property.Name))
            {
                faults.Add(pointer, "A group is told by this name already (groupBy): choose another.");
            }
            else if (property.Value.ValueKind != JsonValueKind.String)
            {
                faults.Add(pointer, $"Must be a text: {Forms}.");
            }
            else if (ReadMeasure(property.Name, property.Value.GetString()!, pointer) is { } measure)
            {
                measures.Add(measure);
            }
        }

        if (said.GetPropertyCount() is 0 or > ViewDefinition.MeasuresMax)
        {
            view.Fault(Measures, $"Must have 1 to {ViewDefinition.MeasuresMax} measures.");
        }

        return [.. measures.OrderBy(measure => measure.Name, StringComparer.Ordinal)];
    }

    private ViewMeasure? ReadMeasure(string name, string text, string pointer)
    {
        int space = text.IndexOf(' ', StringComparison.Ordinal);
        string word = space < 0 ? text : text[..space];
        string? field = space < 0 ? null : text[(space + 1)..];
        foreach ((string known, ViewFigure figure) in DefinitionWords.Figures)
        {
            if (known == word && (field is not null || figure == ViewFigure.Count))
            {
                return field is null || MayMeasure(figure, field, pointer) ? new ViewMeasure(name, figure, field) : null;
            }
        }

        faults.Add(pointer, $"\"{Excerpt.Of(text)}\" is no measure: use {Forms}.");
        return null;
    }

    private bool MayMeasure(ViewFigure figure, string field, string pointer)
    {
        if (definition is null)
        {
            return true;
        }

        if (FindColumn(field, pointer) is not { } column || figure == ViewFigure.Count)
        {
            return true;
        }

        SqlType type = column.SentType;
        bool isSum = figure is ViewFigure.Sum or ViewFigure.Average;
        if (isSum ? SumTypes.Contains(type.Name) : OrderedTypes.Contains(type.Name))
        {
            return true;
        }

        string reason = isSum && OrderedTypes.Contains(type.Name) && type.Name is SqlTypeName.Real or SqlTypeName.DoublePrecision
            ? "a sum of floating numbers depends on the order of the rows, and could not be the table's: declare sqlType numeric"
            : isSum ? "a sum is of numbers"
            : "only numbers, dates and times have a least and a greatest here; that of texts depends on their collation";
        faults.Add(pointer, $"The column is of type {column.ColumnType}, and {reason}.");
        return false;
    }

    private FieldDefinition? FindColumn(string field, string pointer)
    {
        if (_columns.TryGetValue(field, out FieldDefinition? column))
        {
            if (_personal.Contains(field))
            {
                faults.Add(pointer, $"\"{Excerpt.Of(field)}\" holds personal data, which is shown to nobody.");
            }

            return column;
        }

        if (_columns.Count > 0)
        {
            faults.Add(pointer, $"\"{Excerpt.Of(field)}\" is not the name of a field.{Suggestion.For(field, _columns.Keys)}");
        }

        return null;
    }

    private static string NameFault(string name) =>
        $"\"{Excerpt.Of(name)}\" does not match {DatasetName.Pattern}.";

    private static IEnumerable<string> Repeated(IEnumerable<string> names) => names
        .Where(name => name.Length > 0).GroupBy(name => name, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => same.Key);
}
