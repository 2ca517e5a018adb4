using System.Collections.Frozen;
using System.Collections.Immutable;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>One way to call a function or an operator.</summary>
/// <param name="Name">In lower case, or the operator.</param>
/// <param name="Kernel">Its code.</param>
/// <param name="LiteralAt">Index of the argument that must stand in the expression itself; −1 when there is none.</param>
/// <param name="Read">Prepares the literal: the prepared, or what is expected instead.</param>
internal sealed record Overload(string Name, Kernel Kernel, int LiteralAt = -1, Func<string, LiteralReading>? Read = null)
{
    /// <summary>Arguments as written.</summary>
    public int Arity => Kernel.Parameters.Length + (LiteralAt < 0 ? 0 : 1);
}

/// <summary>A literal that was prepared, or the words for what it should have been.</summary>
internal readonly record struct LiteralReading(object? Prepared, string? Expected);

/// <summary>All functions and operators whose result is null if an argument is.</summary>
internal static class FunctionCatalog
{
    private static readonly FrozenDictionary<string, ImmutableArray<Overload>> Overloads =
        Operators().Concat(Numbers()).Concat(Texts()).Concat(Dates())
            .GroupBy(overload => overload.Name)
            .ToFrozenDictionary(group => group.Key, group => group.ToImmutableArray());

    /// <summary>The names that are functions.</summary>
    public static IEnumerable<string> Names => Overloads.Keys.Where(name => char.IsAsciiLetter(name[0]));

    public static ImmutableArray<Overload> Find(string name) =>
        Overloads.TryGetValue(name, out ImmutableArray<Overload> found) ? found : [];

    private static IEnumerable<Overload> Operators() =>
    [
        new("+", Kernel.Of<long, long, long>(IntegerMath.Add)),
        new("+", Kernel.Of<decimal, decimal, decimal>(NumberMath.Add)),
        new("+", Kernel.Of<double, double, double>(FloatMath.Add)),
        new("+", Kernel.Of<Day, long, Day>(CalendarFunctions.AddDays)),
        new("+", Kernel.Of<long, Day, Day>(CalendarFunctions.AddDaysBefore)),
        new("-", Kernel.Of<long, long, long>(IntegerMath.Subtract)),
        new("-", Kernel.Of<decimal, decimal, decimal>(NumberMath.Subtract)),
        new("-", Kernel.Of<double, double, double>(FloatMath.Subtract)),
        new("-", Kernel.Of<Day, long, Day>(CalendarFunctions.SubtractDays)),
        new("-", Kernel.Of<Day, Day, long>(CalendarFunctions.DaysBetween)),
        new("*", Kernel.Of<long, long, long>(IntegerMath.Multiply)),
        new("*", Kernel.Of<decimal, decimal, decimal>(NumberMath.Multiply)),
        new("*", Kernel.Of<double, double, double>(FloatMath.Multiply)),
        new("/", Kernel.Of<long, long, long>(IntegerMath.Divide)),
        new("/", Kernel.Of<decimal, decimal, decimal>(NumberMath.Divide)),
        new("/", Kernel.Of<double, double, double>(FloatMath.Divide)),
        new("%", Kernel.Of<long, long, long>(IntegerMath.Modulo)),
        new("%", Kernel.Of<decimal, decimal, decimal>(NumberMath.Modulo)),
        new("-", Kernel.Of<long, long>(IntegerMath.Negate)),
        new("-", Kernel.Of<decimal, decimal>(NumberMath.Negate)),
        new("-", Kernel.Of<double, double>(FloatMath.Negate)),
        new("+", Kernel.Of<long, long>(IntegerMath.Same)),
        new("+", Kernel.Of<decimal, decimal>(NumberMath.Same)),
        new("+", Kernel.Of<double, double>(FloatMath.Same)),
        new("||", Kernel.Making<TextSlice, TextSlice>(TextFunctions.Concat)),
        .. Compared<TextSlice, TextOrder>(),
        .. Compared<long, IntegerOrder>(),
        .. Compared<decimal, NumberOrder>(),
        .. Compared<double, FloatOrder>(),
        .. Compared<bool, BooleanOrder>(),
        .. Compared<Day, DayOrder>(),
        .. Compared<LocalDateTime, LocalDateTimeOrder>(),
        .. Compared<Instant, InstantOrder>(),
    ];

    private static IEnumerable<Overload> Compared<T, TOrder>()
        where T : struct
        where TOrder : struct, IOrder<T> =>
    [
        new("=", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.Equal)),
        new("<>", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.NotEqual)),
        new("<", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.Less)),
        new("<=", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.LessOrEqual)),
        new(">", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.Greater)),
        new(">=", Kernel.Of<T, T, bool>(Comparisons<T, TOrder>.GreaterOrEqual)),
    ];

    private static IEnumerable<Overload> Numbers() =>
    [
        new("abs", Kernel.Of<long, long>(IntegerMath.Abs)),
        new("abs", Kernel.Of<decimal, decimal>(NumberMath.Abs)),
        new("abs", Kernel.Of<double, double>(FloatMath.Abs)),
        new("round", Kernel.Of<decimal, decimal>(NumberMath.Round)),
        new("round", Kernel.Of<double, double>(FloatMath.Round)),
        new("round", Kernel.Of<decimal, long, decimal>(NumberMath.Round)),
        new("floor", Kernel.Of<decimal, decimal>(NumberMath.Floor)),
        new("floor", Kernel.Of<double, double>(FloatMath.Floor)),
        new("ceil", Kernel.Of<decimal, decimal>(NumberMath.Ceiling)),
        new("ceil", Kernel.Of<double, double>(FloatMath.Ceiling)),
        new("ceiling", Kernel.Of<decimal, decimal>(NumberMath.Ceiling)),
        new("ceiling", Kernel.Of<double, double>(FloatMath.Ceiling)),
        new("mod", Kernel.Of<long, long, long>(IntegerMath.Modulo)),
        new("mod", Kernel.Of<decimal, decimal, decimal>(NumberMath.Modulo)),
        new("to_number", Kernel.Of<TextSlice, decimal>(Casts.ToNumber)),
    ];

    private static IEnumerable<Overload> Texts() =>
    [
        new("lower", Kernel.Making<TextSlice>(TextFunctions.Lower)),
        new("upper", Kernel.Making<TextSlice>(TextFunctions.Upper)),
        new("length", Kernel.Of<TextSlice, long>(TextFunctions.Length)),
        new("trim", Kernel.Of<TextSlice, TextSlice>(TextFunctions.TrimBlanks)),
        new("ltrim", Kernel.Of<TextSlice, TextSlice>(TextFunctions.TrimBlanksAtStart)),
        new("rtrim", Kernel.Of<TextSlice, TextSlice>(TextFunctions.TrimBlanksAtEnd)),
        new("trim", Kernel.With<LiteralText, TextSlice, TextSlice>(TextFunctions.Trim), 1, ReadText),
        new("ltrim", Kernel.With<LiteralText, TextSlice, TextSlice>(TextFunctions.TrimAtStart), 1, ReadText),
        new("rtrim", Kernel.With<LiteralText, TextSlice, TextSlice>(TextFunctions.TrimAtEnd), 1, ReadText),
        new("substring", Kernel.Of<TextSlice, long, TextSlice>(TextFunctions.Substring)),
        new("substring", Kernel.Of<TextSlice, long, long, TextSlice>(TextFunctions.Substring)),
        new("left", Kernel.Of<TextSlice, long, TextSlice>(TextFunctions.Left)),
        new("right", Kernel.Of<TextSlice, long, TextSlice>(TextFunctions.Right)),
        new("split_part", Kernel.With<LiteralText, TextSlice, long, TextSlice>(TextFunctions.SplitPart), 1, ReadText),
        new("lpad", Kernel.Making<TextSlice, long>(TextFunctions.PadLeftBlanks)),
        new("lpad", Kernel.Making<TextSlice, long, TextSlice>(TextFunctions.PadLeft)),
        new("rpad", Kernel.Making<TextSlice, long>(TextFunctions.PadRightBlanks)),
        new("rpad", Kernel.Making<TextSlice, long, TextSlice>(TextFunctions.PadRight)),
        new("sha256", Kernel.Making<TextSlice>(TextFunctions.Sha256)),
        new("json_value", Kernel.MakingWith<JsonPath, JsonSlice>(JsonPath.Value), 1, ReadPath),
    ];

    private static IEnumerable<Overload> Dates() =>
    [
        new("date_add", Kernel.With<CalendarUnit, long, Day, Day>(CalendarFunctions.Add), 0, ReadUnit(false, true)),
        new("date_add", Kernel.With<CalendarUnit, long, LocalDateTime, LocalDateTime>(CalendarFunctions.Add), 0, ReadUnit(false, false)),
        new("date_add", Kernel.With<CalendarUnit, long, Instant, Instant>(CalendarFunctions.Add), 0, ReadUnit(false, false)),
        new("date_diff", Kernel.With<CalendarUnit, Day, Day, long>(CalendarFunctions.Difference), 0, ReadUnit(false, true)),
        new(
            "date_diff",
            Kernel.With<CalendarUnit, LocalDateTime, LocalDateTime, long>(CalendarFunctions.Difference),
            0,
            ReadUnit(false, false)),
        new("date_diff", Kernel.With<CalendarUnit, Instant, Instant, long>(CalendarFunctions.Difference), 0, ReadUnit(false, false)),
        new("date_trunc", Kernel.With<CalendarUnit, Day, Instant>(CalendarFunctions.Truncate), 0, ReadUnit(false, false)),
        new("date_trunc", Kernel.With<CalendarUnit, LocalDateTime, LocalDateTime>(CalendarFunctions.Truncate), 0, ReadUnit(false, false)),
        new("date_trunc", Kernel.With<CalendarUnit, Instant, Instant>(CalendarFunctions.Truncate), 0, ReadUnit(false, false)),
        new("extract", Kernel.With<CalendarUnit, Day, decimal>(CalendarFunctions.Extract), 0, ReadUnit(true, true)),
        new("extract", Kernel.With<CalendarUnit, LocalDateTime, decimal>(CalendarFunctions.Extract), 0, ReadUnit(true, false)),
        new("extract", Kernel.With<CalendarUnit, Instant, decimal>(CalendarFunctions.Extract), 0, ReadUnit(true, false)),
        new("at_time_zone", Kernel.With<TimeZoneRules, Day, LocalDateTime>(TimeZoneRules.ToLocal), 1, ReadZone),
        new("at_time_zone", Kernel.With<TimeZoneRules, LocalDateTime, Instant>(TimeZoneRules.ToInstant), 1, ReadZone),
        new("at_time_zone", Kernel.With<TimeZoneRules, Instant, LocalDateTime>(TimeZoneRules.ToLocal), 1, ReadZone),
    ];

    private static LiteralReading ReadText(string text) => text.Length <= LiteralText.LengthMax
        ? new(new LiteralText(text), null)
        : new(null, $"a text of at most {LiteralText.LengthMax} characters");

    private static LiteralReading ReadPath(string text) => JsonPath.TryParse(text, out JsonPath? path)
        ? new(path, null)
        : new(null, "a path such as '$.address.city' or '$.tags[0]'");

    private static LiteralReading ReadZone(string text) => TimeZoneRules.TryFind(text, out TimeZoneRules? zone)
        ? new(zone, null)
        : new(null, "a time zone such as 'Europe/Berlin', or 'UTC'");

    private static Func<string, LiteralReading> ReadUnit(bool isPart, bool isOfDate) => text =>
        CalendarUnit.TryFind(text, isPart, isOfDate, out CalendarUnit? unit)
            ? new(unit, null)
            : new(null, $"one of {CalendarUnit.NamesOf(isPart, isOfDate)}");
}
