using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>One step of a pattern: a directive, one or more blanks, or a text that must stand there.</summary>
/// <param name="Directive">The letter of the directive, a blank, or 0 for a text.</param>
/// <param name="Literal">The text.</param>
internal readonly record struct PatternStep(char Directive, byte[] Literal);

/// <summary>
/// Dates and times as a pattern of <c>strptime</c> says, read as Python reads them: numbers with or without leading zeros,
/// names in any case, one or more blanks where the pattern has some.
/// </summary>
/// <remarks>
/// Source: https://docs.python.org/3/library/datetime.html#format-codes and Lib/_strptime.py. A number takes as many digits as
/// it can and gives some back when the rest does not fit (<c>%m%Y</c> of <c>12024</c>), which is bounded: there are few
/// directives, each stands once, and each has at most six ways.
/// </remarks>
internal sealed class PatternForm : CalendarForm
{
    private readonly ImmutableArray<PatternStep> _steps;

    /// <summary>±hh:mm, ±hhmm, ±hh and Z.</summary>
    private static ReadOnlySpan<byte> OffsetLengths => [6, 5, 3, 1];

    private PatternForm(ImmutableArray<PatternStep> steps) => _steps = steps;

    /// <summary>Compiles a pattern for a type of field.</summary>
    /// <exception cref="FieldFaultException">It cannot be read, or does not say what the type needs.</exception>
    public static PatternForm Compile(FieldType type, string pattern) => new(PatternSyntax.Read(type, pattern));

    public override RecordErrorCode Read(ReadOnlySpan<byte> text, out CalendarReading reading)
    {
        PatternValues values = default;
        if (TryRead(0, text, ref values))
        {
            return values.Finish(out reading);
        }

        reading = default;
        return RecordErrorCode.TypeMismatch;
    }

    private bool TryRead(int index, ReadOnlySpan<byte> text, ref PatternValues values)
    {
        if (index == _steps.Length)
        {
            return text.IsEmpty;
        }

        PatternStep step = _steps[index];
        switch (step.Directive)
        {
            case '\0':
                return text.Length >= step.Literal.Length
                    && Ascii.EqualsIgnoreCase(text[..step.Literal.Length], step.Literal)
                    && TryRead(index + 1, text[step.Literal.Length..], ref values);
            case ' ':
                int blanks = text.IndexOfAnyExcept(PatternSyntax.Blanks);
                blanks = blanks < 0 ? text.Length : blanks;
                return blanks > 0 && TryRead(index + 1, text[blanks..], ref values);
            case 'b' or 'B':
                int month = CalendarNames.StartsWithMonth(text, step.Directive == 'b', out values.Month);
                return month > 0 && TryRead(index + 1, text[month..], ref values);
            case 'a' or 'A':
                int weekday = CalendarNames.StartsWithWeekday(text, step.Directive == 'a');
                return weekday > 0 && TryRead(index + 1, text[weekday..], ref values);
            case 'p':
                return TryReadHalf(text, ref values) && TryRead(index + 1, text[2..], ref values);
            case 'z':
                return TryReadOffset(index, text, ref values);
            case 'Z':
                int zone = ZoneText.StartsWithName(text);
                values.HasOffset = zone > 0;
                return zone > 0 && TryRead(index + 1, text[zone..], ref values);
            case 'd' when text.Length > 1 && text[0] == ' ' && text[1] is >= (byte)'1' and <= (byte)'9':
                values.Day = text[1] - '0';
                return TryRead(index + 1, text[2..], ref values);
            default:
                return TryReadNumber(index, step.Directive, text, ref values);
        }
    }

    /// <summary>The longest number first.</summary>
    private bool TryReadNumber(int index, char directive, ReadOnlySpan<byte> text, ref PatternValues values)
    {
        (int digitsMin, int digitsMax, int least, int most) = PatternSyntax.NumberOf(directive);
        int digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        digits = Math.Min(digits < 0 ? text.Length : digits, digitsMax);
        for (; digits >= digitsMin; digits--)
        {
            int number = 0;
            foreach (byte digit in text[..digits])
            {
                number = (number * 10) + (digit - '0');
            }

            if (number >= least && number <= most)
            {
                values.Set(directive, number, digits);
                if (TryRead(index + 1, text[digits..], ref values))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private bool TryReadOffset(int index, ReadOnlySpan<byte> text, ref PatternValues values)
    {
        foreach (byte length in OffsetLengths)
        {
            if (text.Length >= length && ZoneText.TryReadOffset(text[..length], out values.OffsetSeconds))
            {
                values.HasOffset = true;
                if (TryRead(index + 1, text[length..], ref values))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool TryReadHalf(ReadOnlySpan<byte> text, ref PatternValues values)
    {
        values.IsAfternoon = text.Length >= 2 && Ascii.EqualsIgnoreCase(text[..2], "PM"u8);
        return values.IsAfternoon || (text.Length >= 2 && Ascii.EqualsIgnoreCase(text[..2], "AM"u8));
    }
}
