using System.Runtime.CompilerServices;

namespace PipelineService.Core.Values;

/// <summary>A value with its type: one of several, and which of them it is <see cref="Kind"/> says.</summary>
public record struct TypedValue
{
    public TypedKind Kind { get; set; }

    public bool IsNull { get; set; }

    /// <summary>Of integers the value, of booleans 1 or 0, of dates days, of the others microseconds, both since 2000.</summary>
    public long Word { get; set; }

    public decimal Number { get; set; }

    public double Float { get; set; }

    /// <summary>Of text and of JSON.</summary>
    public TextSlice Text { get; set; }

    /// <summary>The kind that a CLR type stands for; null for one that is none of a value.</summary>
    public static TypedKind? KindOf(Type type) =>
        type == typeof(TextSlice) ? TypedKind.Text
        : type == typeof(long) ? TypedKind.Integer
        : type == typeof(decimal) ? TypedKind.Number
        : type == typeof(double) ? TypedKind.Float
        : type == typeof(bool) ? TypedKind.Boolean
        : type == typeof(Day) ? TypedKind.Date
        : type == typeof(LocalDateTime) ? TypedKind.LocalDateTime
        : type == typeof(Instant) ? TypedKind.DateTime
        : type == typeof(JsonSlice) ? TypedKind.Json
        : null;

    /// <summary>The CLR type of a kind.</summary>
    public static Type TypeOf(TypedKind kind) => kind switch
    {
        TypedKind.Integer => typeof(long),
        TypedKind.Number => typeof(decimal),
        TypedKind.Float => typeof(double),
        TypedKind.Boolean => typeof(bool),
        TypedKind.Date => typeof(Day),
        TypedKind.LocalDateTime => typeof(LocalDateTime),
        TypedKind.DateTime => typeof(Instant),
        TypedKind.Json => typeof(JsonSlice),
        _ => typeof(TextSlice),
    };

    /// <summary>A value of the type that its kind stands for.</summary>
    public static TypedValue Of<T>(T value)
        where T : struct
    {
        TypedValue typed = default;
        typed.Set(value);
        return typed;
    }

    public static TypedValue NullOf(TypedKind kind) => new() { Kind = kind, IsNull = true };

    /// <summary>Takes a value of one of the types that stand for a kind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Set<T>(T value)
        where T : struct
    {
        Kind = KindOf(typeof(T))!.Value;
        IsNull = false;
        if (typeof(T) == typeof(decimal))
        {
            Number = Unsafe.BitCast<T, decimal>(value);
        }
        else if (typeof(T) == typeof(double))
        {
            Float = Unsafe.BitCast<T, double>(value);
        }
        else if (typeof(T) == typeof(TextSlice) || typeof(T) == typeof(JsonSlice))
        {
            Text = Unsafe.BitCast<T, TextSlice>(value);
        }
        else
        {
            Word = typeof(T) == typeof(bool) ? Unsafe.BitCast<T, byte>(value)
                : typeof(T) == typeof(Day) ? Unsafe.BitCast<T, int>(value)
                : Unsafe.BitCast<T, long>(value);
        }
    }

    /// <summary>The value as the type that its kind stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T Get<T>()
        where T : struct =>
        typeof(T) == typeof(decimal) ? Unsafe.BitCast<decimal, T>(Number)
        : typeof(T) == typeof(double) ? Unsafe.BitCast<double, T>(Float)
        : typeof(T) == typeof(TextSlice) || typeof(T) == typeof(JsonSlice) ? Unsafe.BitCast<TextSlice, T>(Text)
        : typeof(T) == typeof(bool) ? Unsafe.BitCast<byte, T>((byte)Word)
        : typeof(T) == typeof(Day) ? Unsafe.BitCast<int, T>((int)Word)
        : Unsafe.BitCast<long, T>(Word);
}
