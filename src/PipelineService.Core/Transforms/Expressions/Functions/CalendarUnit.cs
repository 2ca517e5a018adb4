using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>What a date has: parts to extract, units to count in.</summary>
internal enum CalendarPart
{
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    DayOfWeek,
    DayOfYear,
    IsoDayOfWeek,
    IsoYear,
    Epoch,
}

/// <summary>A unit or part, named in the expression itself.</summary>
internal sealed class CalendarUnit
{
    private static readonly Dictionary<string, CalendarPart> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["year"] = CalendarPart.Year,
        ["quarter"] = CalendarPart.Quarter,
        ["month"] = CalendarPart.Month,
        ["week"] = CalendarPart.Week,
        ["day"] = CalendarPart.Day,
        ["hour"] = CalendarPart.Hour,
        ["minute"] = CalendarPart.Minute,
        ["second"] = CalendarPart.Second,
        ["dow"] = CalendarPart.DayOfWeek,
        ["doy"] = CalendarPart.DayOfYear,
        ["isodow"] = CalendarPart.IsoDayOfWeek,
        ["isoyear"] = CalendarPart.IsoYear,
        ["epoch"] = CalendarPart.Epoch,
    };

    private CalendarUnit(CalendarPart part) => Part = part;

    public CalendarPart Part { get; }

    /// <summary>Whether a date, which has no time of day, can be counted in it.</summary>
    private bool IsOfDate => Part is <= CalendarPart.Day or >= CalendarPart.DayOfWeek;

    /// <summary>Whether it is a part only, such as the day of the week.</summary>
    private bool IsPart => Part >= CalendarPart.DayOfWeek;

    /// <param name="name">As written; case does not count.</param>
    /// <param name="isPart">Whether parts that are no units will do.</param>
    /// <param name="isOfDate">Whether it must be one of a date.</param>
    /// <param name="unit">The unit.</param>
    public static bool TryFind(string name, bool isPart, bool isOfDate, [NotNullWhen(true)] out CalendarUnit? unit)
    {
        unit = Names.TryGetValue(name, out CalendarPart part) ? new CalendarUnit(part) : null;
        if (unit is not null && ((unit.IsPart && !isPart) || (isOfDate && !unit.IsOfDate)))
        {
            unit = null;
        }

        return unit is not null;
    }

    /// <summary>The names of those that will do, as a sentence shows them.</summary>
    public static string NamesOf(bool isPart, bool isOfDate) =>
        string.Join(", ", Names.Keys.Where(name => TryFind(name, isPart, isOfDate, out _)));
}
