using System.Collections.Immutable;
using System.Text;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>English names of months and weekdays, in any case: those of the C locale.</summary>
internal static class CalendarNames
{
    private const int ShortBytes = 3;

    private static readonly ImmutableArray<byte[]> Months =
    [
        "January"u8.ToArray(), "February"u8.ToArray(), "March"u8.ToArray(), "April"u8.ToArray(), "May"u8.ToArray(),
        "June"u8.ToArray(), "July"u8.ToArray(), "August"u8.ToArray(), "September"u8.ToArray(), "October"u8.ToArray(),
        "November"u8.ToArray(), "December"u8.ToArray(),
    ];

    private static readonly ImmutableArray<byte[]> Weekdays =
    [
        "Monday"u8.ToArray(), "Tuesday"u8.ToArray(), "Wednesday"u8.ToArray(), "Thursday"u8.ToArray(), "Friday"u8.ToArray(),
        "Saturday"u8.ToArray(), "Sunday"u8.ToArray(),
    ];

    /// <summary>The name of a month that a text starts with.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isShort">Whether three letters are the name, and not all of them.</param>
    /// <param name="month">1 to 12.</param>
    /// <returns>Bytes of the name; 0 when there is none.</returns>
    public static int StartsWithMonth(ReadOnlySpan<byte> text, bool isShort, out int month) =>
        StartsWith(text, Months, isShort, out month);

    /// <summary>The name of a weekday that a text starts with.</summary>
    /// <returns>Bytes of the name; 0 when there is none.</returns>
    public static int StartsWithWeekday(ReadOnlySpan<byte> text, bool isShort) =>
        StartsWith(text, Weekdays, isShort, out _);

    private static int StartsWith(ReadOnlySpan<byte> text, ImmutableArray<byte[]> names, bool isShort, out int number)
    {
        for (int i = 0; i < names.Length; i++)
        {
            int length = isShort ? ShortBytes : names[i].Length;
            if (text.Length >= length && Ascii.EqualsIgnoreCase(text[..length], names[i].AsSpan(0, length)))
            {
                number = i + 1;
                return length;
            }
        }

        number = 0;
        return 0;
    }
}
