using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>From one type to another: unasked where nothing can be lost, by a cast where PostgreSQL has one of the same meaning.</summary>
internal static class Conversions
{
    private static readonly Dictionary<(TypedKind From, TypedKind To), (Kernel Kernel, int Cost)> Unasked = new()
    {
        [(TypedKind.Integer, TypedKind.Number)] = (Kernel.Of<long, decimal>(IntegerMath.ToNumber), 1),
        [(TypedKind.Integer, TypedKind.Float)] = (Kernel.Of<long, double>(IntegerMath.ToFloat), 2),
        [(TypedKind.Number, TypedKind.Float)] = (Kernel.Of<decimal, double>(FloatMath.OfNumber), 1),
        [(TypedKind.Date, TypedKind.LocalDateTime)] = (Kernel.Of<Day, LocalDateTime>(Casts.DayToLocal), 1),
        [(TypedKind.Date, TypedKind.DateTime)] = (Kernel.Of<Day, Instant>(Casts.DayToInstant), 2),
        [(TypedKind.LocalDateTime, TypedKind.DateTime)] = (Kernel.Of<LocalDateTime, Instant>(Casts.LocalToInstant), 1),
    };

    private static readonly Dictionary<(TypedKind From, TypedKind To), Kernel> Asked = new()
    {
        [(TypedKind.Number, TypedKind.Integer)] = Kernel.Of<decimal, long>(NumberMath.ToInteger),
        [(TypedKind.Float, TypedKind.Integer)] = Kernel.Of<double, long>(FloatMath.ToInteger),
        [(TypedKind.Text, TypedKind.Integer)] = Kernel.Of<TextSlice, long>(Casts.ToInteger),
        [(TypedKind.Text, TypedKind.Number)] = Kernel.Of<TextSlice, decimal>(Casts.ToNumber),
        [(TypedKind.Text, TypedKind.Boolean)] = Kernel.Of<TextSlice, bool>(Casts.ToBoolean),
        [(TypedKind.Text, TypedKind.Date)] = Kernel.Of<TextSlice, Day>(Casts.ToDate),
        [(TypedKind.Text, TypedKind.LocalDateTime)] = Kernel.Of<TextSlice, LocalDateTime>(Casts.ToLocalDateTime),
        [(TypedKind.Text, TypedKind.DateTime)] = Kernel.Of<TextSlice, Instant>(Casts.ToInstant),
        [(TypedKind.Integer, TypedKind.Text)] = Kernel.Making<long>(Casts.OfInteger),
        [(TypedKind.Number, TypedKind.Text)] = Kernel.Making<decimal>(Casts.OfNumber),
        [(TypedKind.Boolean, TypedKind.Text)] = Kernel.Making<bool>(Casts.OfBoolean),
        [(TypedKind.Date, TypedKind.Text)] = Kernel.Making<Day>(Casts.OfDate),
        [(TypedKind.LocalDateTime, TypedKind.Text)] = Kernel.Making<LocalDateTime>(Casts.OfLocalDateTime),
        [(TypedKind.DateTime, TypedKind.Text)] = Kernel.Making<Instant>(Casts.OfInstant),
        [(TypedKind.DateTime, TypedKind.LocalDateTime)] = Kernel.Of<Instant, LocalDateTime>(Casts.InstantToLocal),
        [(TypedKind.LocalDateTime, TypedKind.Date)] = Kernel.Of<LocalDateTime, Day>(Casts.LocalToDay),
        [(TypedKind.DateTime, TypedKind.Date)] = Kernel.Of<Instant, Day>(Casts.InstantToDay),
    };

    /// <summary>What a conversion that nobody asks for costs against others; 0 when none is needed, null when there is none.</summary>
    public static int? CostOf(TypedKind from, TypedKind to) =>
        from == to || from == TypedKind.Null ? 0
        : Unasked.TryGetValue((from, to), out (Kernel Kernel, int Cost) found) ? found.Cost
        : null;

    /// <summary>The code of a conversion, asked for or not; null when there is none.</summary>
    public static Kernel? Find(TypedKind from, TypedKind to, bool isAsked) =>
        Unasked.TryGetValue((from, to), out (Kernel Kernel, int Cost) found) ? found.Kernel
        : isAsked ? Asked.GetValueOrDefault((from, to))
        : null;

    /// <summary>The type that both become in <c>case</c>, <c>coalesce</c> and comparisons; null when there is none.</summary>
    public static TypedKind? CommonOf(TypedKind left, TypedKind right) =>
        CostOf(left, right) is not null ? right
        : CostOf(right, left) is not null ? left
        : null;

    /// <summary>The type that a name in a cast stands for.</summary>
    public static TypedKind? KindOf(string name) => name switch
    {
        "text" or "varchar" => TypedKind.Text,
        "integer" or "int" or "bigint" or "int8" => TypedKind.Integer,
        "number" or "numeric" or "decimal" => TypedKind.Number,
        "float" or "float8" => TypedKind.Float,
        "boolean" or "bool" => TypedKind.Boolean,
        "date" => TypedKind.Date,
        "timestamp" => TypedKind.LocalDateTime,
        "timestamptz" or "datetime" => TypedKind.DateTime,
        _ => null,
    };

    /// <summary>How messages call a type.</summary>
    public static string NameOf(TypedKind kind) => kind switch
    {
        TypedKind.LocalDateTime => "timestamp",
        TypedKind.DateTime => "datetime",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
