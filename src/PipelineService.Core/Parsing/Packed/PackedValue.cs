using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Parsing.Packed;

/// <summary>The values of packed records: a <see cref="PackedTag"/>, then what it says.</summary>
internal static class PackedValue
{
    /// <summary>What stands there is no value.</summary>
    public const int Malformed = -1;

    /// <summary>Of a text and of JSON: the tag and the length.</summary>
    private const int HeadBytes = 5;

    /// <summary>The longest text of a value that has a binary form.</summary>
    public const int TextBytesMax = 64;

    private const int ScaleMax = 38;
    private const int DayMin = -730_119; // 0001-01-01
    private const int DayEnd = 2_921_940; // 10000-01-01
    private const long MicrosecondsPerDay = 86_400_000_000;
    private const long EpochTicks = 630_822_816_000_000_000; // 2000-01-01

    /// <summary>By the tag, the bytes of a value with it; 0 where they are counted.</summary>
    private static ReadOnlySpan<byte> Sizes => [1, 0, 0, 9, 10, 9, 5, 5, 9, 9, 1, 1];

    /// <summary>By the tag, whether not all values with it are any: a bit for each.</summary>
    private const int Bounded =
        (1 << (int)PackedTag.Decimal) | (1 << (int)PackedTag.Date) | (1 << (int)PackedTag.LocalDateTime) | (1 << (int)PackedTag.Instant);

    /// <summary>Finds a value without looking at it.</summary>
    /// <param name="bytes">Up to the end of its record.</param>
    /// <param name="start">Where its tag stands.</param>
    /// <param name="value">Text and JSON as they are elsewhere; of all others the slice begins with the tag.</param>
    /// <returns>Where it ends, or <see cref="Malformed"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ReadOnlySpan<byte> bytes, int start, out RecordValue value)
    {
        int tag = start < bytes.Length ? bytes[start] : byte.MaxValue;
        int size = tag < Sizes.Length ? Sizes[tag] : int.MaxValue;
        if (size == 0)
        {
            return ReadCounted(bytes, start, (PackedTag)tag, out value);
        }

        value = new RecordValue(start, size, tag == 0 ? ValueKind.Null : ValueKind.Packed, ValueSpelling.Packed);
        return size <= bytes.Length - start && (((Bounded >> tag) & 1) == 0 || IsInRange(bytes.Slice(start, size), (PackedTag)tag))
            ? start + size
            : Malformed;
    }

    /// <summary>A value that has 64 bits and is no floating point.</summary>
    /// <inheritdoc cref="ValueOf" path="/param"/>
    public static long WordOf(ReadOnlySpan<byte> written) => BinaryPrimitives.ReadInt64LittleEndian(written[1..]);

    /// <summary>A <see cref="PackedTag.Float"/>.</summary>
    /// <inheritdoc cref="ValueOf" path="/param"/>
    public static double FloatOf(ReadOnlySpan<byte> written) => BinaryPrimitives.ReadDoubleLittleEndian(written[1..]);

    /// <summary>A <see cref="PackedTag.Date"/>.</summary>
    /// <inheritdoc cref="ValueOf" path="/param"/>
    public static int DayOf(ReadOnlySpan<byte> written) => BinaryPrimitives.ReadInt32LittleEndian(written[1..]);

    /// <summary>A value that is a number, a date or a time, and no <see cref="PackedTag.Decimal"/>.</summary>
    /// <param name="written">Begins with the tag.</param>
    public static TypedValue ValueOf(ReadOnlySpan<byte> written)
    {
        ReadOnlySpan<byte> bytes = written[1..];
        return (PackedTag)written[0] switch
        {
            PackedTag.Integer => new TypedValue { Kind = TypedKind.Integer, Word = BinaryPrimitives.ReadInt64LittleEndian(bytes) },
            PackedTag.Float => new TypedValue { Kind = TypedKind.Float, Float = BinaryPrimitives.ReadDoubleLittleEndian(bytes) },
            PackedTag.Single => new TypedValue { Kind = TypedKind.Float, Float = BinaryPrimitives.ReadSingleLittleEndian(bytes) },
            PackedTag.Date => new TypedValue { Kind = TypedKind.Date, Word = BinaryPrimitives.ReadInt32LittleEndian(bytes) },
            PackedTag.LocalDateTime =>
                new TypedValue { Kind = TypedKind.LocalDateTime, Word = BinaryPrimitives.ReadInt64LittleEndian(bytes) },
            _ => new TypedValue { Kind = TypedKind.DateTime, Word = BinaryPrimitives.ReadInt64LittleEndian(bytes) },
        };
    }

    /// <summary>A <see cref="PackedTag.Decimal"/>.</summary>
    /// <inheritdoc cref="ValueOf" path="/param"/>
    public static (long Digits, int Scale) DecimalOf(ReadOnlySpan<byte> written) =>
        (BinaryPrimitives.ReadInt64LittleEndian(written[1..]), written[1 + sizeof(long)]);

    /// <summary>What a value is as JSON: text stands in quotes.</summary>
    /// <inheritdoc cref="ValueOf" path="/param"/>
    public static ValueKind KindOf(ReadOnlySpan<byte> written) => (PackedTag)written[0] switch
    {
        PackedTag.Null => ValueKind.Null,
        PackedTag.False => ValueKind.False,
        PackedTag.True => ValueKind.True,
        PackedTag.Date or PackedTag.LocalDateTime or PackedTag.Instant => ValueKind.Text,
        _ => ValueKind.Number,
    };

    /// <summary>Writes a value as JSON has it, without quotes.</summary>
    /// <param name="written">Begins with the tag, which is none of those that are counted.</param>
    /// <param name="text">At least <see cref="TextBytesMax"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public static int WriteText(ReadOnlySpan<byte> written, Span<byte> text)
    {
        int length;
        switch ((PackedTag)written[0])
        {
            case PackedTag.Null:
                "null"u8.CopyTo(text);
                return "null"u8.Length;
            case PackedTag.False:
                "false"u8.CopyTo(text);
                return "false"u8.Length;
            case PackedTag.True:
                "true"u8.CopyTo(text);
                return "true"u8.Length;
            case PackedTag.Integer:
                BinaryPrimitives.ReadInt64LittleEndian(written[1..]).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case PackedTag.Decimal:
                return WriteDecimal(DecimalOf(written), text);
            case PackedTag.Float:
                BinaryPrimitives.ReadDoubleLittleEndian(written[1..]).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case PackedTag.Single:
                BinaryPrimitives.ReadSingleLittleEndian(written[1..]).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case PackedTag.Date:
                long days = BinaryPrimitives.ReadInt32LittleEndian(written[1..]);
                TimeOf(days * MicrosecondsPerDay).TryFormat(text, out length, "yyyy-MM-dd", CultureInfo.InvariantCulture);
                return length;
            default:
                return WriteTime(BinaryPrimitives.ReadInt64LittleEndian(written[1..]), written[0] == (byte)PackedTag.Instant, text);
        }
    }

    private static int ReadCounted(ReadOnlySpan<byte> bytes, int start, PackedTag tag, out RecordValue value)
    {
        value = default;
        int text = start + HeadBytes;
        if (text > bytes.Length)
        {
            return Malformed;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[(start + 1)..]);
        if ((uint)length > (uint)(bytes.Length - text))
        {
            return Malformed;
        }

        if (tag == PackedTag.Text)
        {
            value = new RecordValue(text, length, ValueKind.Text, ValueSpelling.Plain);
            return text + length;
        }

        return JsonValues.Read(bytes[..(text + length)], text, out value) == text + length ? text + length : Malformed;
    }

    /// <summary>A day outside of the years that are loaded is written as a text; whoever has written this one was not right.</summary>
    private static bool IsInRange(ReadOnlySpan<byte> written, PackedTag tag) => tag switch
    {
        PackedTag.Decimal => written[1 + sizeof(long)] <= ScaleMax,
        PackedTag.Date => BinaryPrimitives.ReadInt32LittleEndian(written[1..]) is >= DayMin and < DayEnd,
        PackedTag.LocalDateTime or PackedTag.Instant =>
            BinaryPrimitives.ReadInt64LittleEndian(written[1..]) is >= DayMin * MicrosecondsPerDay and < DayEnd * MicrosecondsPerDay,
        _ => true,
    };

    private static DateTime TimeOf(long microseconds) => new(EpochTicks + (microseconds * TimeSpan.TicksPerMicrosecond));

    private static int WriteTime(long microseconds, bool isInUtc, Span<byte> text)
    {
        string format = microseconds % 1_000_000 == 0 ? "yyyy-MM-dd'T'HH:mm:ss"
            : microseconds % 1_000 == 0 ? "yyyy-MM-dd'T'HH:mm:ss.fff"
            : "yyyy-MM-dd'T'HH:mm:ss.ffffff";
        TimeOf(microseconds).TryFormat(text, out int length, format, CultureInfo.InvariantCulture);
        if (isInUtc)
        {
            text[length++] = (byte)'Z';
        }

        return length;
    }

    private static int WriteDecimal((long Digits, int Scale) number, Span<byte> text)
    {
        Span<byte> digits = stackalloc byte[TextBytesMax];
        ulong magnitude = number.Digits < 0 ? (ulong)-number.Digits : (ulong)number.Digits;
        magnitude.TryFormat(digits, out int count, $"D{number.Scale + 1}", CultureInfo.InvariantCulture);
        int length = 0;
        if (number.Digits < 0)
        {
            text[length++] = (byte)'-';
        }

        digits[..(count - number.Scale)].CopyTo(text[length..]);
        length += count - number.Scale;
        if (number.Scale > 0)
        {
            text[length++] = (byte)'.';
            digits[(count - number.Scale)..count].CopyTo(text[length..]);
            length += number.Scale;
        }

        return length;
    }
}
