using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>One step of a pattern: a directive, one or more blanks, or a text that must stand there.</summary>
/// <param name="Directive">The letter of the directive, a blank, or 0 for a text.</param>
/// <param name="Literal">The text.</param>
/// <param name="IsFull">Whether a number must have all of its digits, because more digits stand beside it.</param>
internal readonly record struct PatternStep(char Directive, byte[] Literal, bool IsFull = false);

/// <summary>
/// Dates and times as a pattern of <c>strptime</c> says, read as Python reads them: numbers with or without leading zeros,
/// names in any case, one or more blanks where the pattern has some.
/// </summary>
/// <remarks>
/// Source: https://docs.python.org/3/library/datetime.html#format-codes and Lib/_strptime.py. In one point it is stricter:
/// numbers that stand side by side have all of their digits. Python reads 2024111 by <c>%Y%m%d</c> as the first of November, and
/// it may be the eleventh of January.
/// </remarks>
internal sealed class PatternForm : CalendarForm
{
    private readonly ImmutableArray<PatternStep> _steps;

    private PatternForm(ImmutableArray<PatternStep> steps) => _steps = steps;

    /// <summary>±hh:mm, ±hhmm, ±hh and Z.</summary>
    private static ReadOnlySpan<byte> OffsetLengths => [6, 5, 3, 1];

    /// <summary>Compiles a pattern for a type of field.</summary>
    /// <exception cref="FieldFaultException">It cannot be read, or does not say what the type needs.</exception>
    public static PatternForm Compile(FieldType type, string pattern) => new(PatternSyntax.Read(type, pattern));

    public override RecordErrorCode Read(ReadOnlySpan<byte> text, out CalendarReading reading)
    {
        PatternValues values = default;
        foreach (PatternStep step in _steps)
        {
            int length = ReadStep(step, text, ref values);
            if (length == 0)
            {
                reading = default;
                return RecordErrorCode.TypeMismatch;
            }

            text = text[length..];
        }

        RecordErrorCode code = values.Finish(out reading);
        return text.IsEmpty ? code : RecordErrorCode.TypeMismatch;
    }

    /// <returns>Bytes that the step takes; 0 when the text does not go on so.</returns>
    private static int ReadStep(PatternStep step, ReadOnlySpan<byte> text, ref PatternValues values)
    {
        switch (step.Directive)
        {
            case '\0':
                int length = step.Literal.Length;
                return text.Length >= length && Ascii.EqualsIgnoreCase(text[..length], step.Literal) ? length : 0;
            case ' ':
                int blanks = text.IndexOfAnyExcept(PatternSyntax.Blanks);
                return blanks < 0 ? text.Length : blanks;
            case 'b' or 'B':
                return CalendarNames.StartsWithMonth(text, isShort: step.Directive == 'b', out values.Month);
            case 'a' or 'A':
                return CalendarNames.StartsWithWeekday(text, isShort: step.Directive == 'a');
            case 'p':
                return ReadHalf(text, ref values);
            case 'z':
                return ReadOffset(text, ref values);
            case 'Z':
                values.HasOffset = true;
                return ZoneText.StartsWithName(text);
            case 'd' when text.Length > 1 && text[0] == ' ' && text[1] is >= (byte)'1' and <= (byte)'9':
                values.Day = text[1] - '0';
                return 2;
            default:
                return ReadNumber(step, text, ref values);
        }
    }

    /// <summary>As many digits as make a number that may stand there: of 1 to 12 in 13, the first alone.</summary>
    private static int ReadNumber(PatternStep step, ReadOnlySpan<byte> text, ref PatternValues values)
    {
        (int digitsMin, int digitsMax, int least, int most) = PatternSyntax.NumberOf(step.Directive);
        digitsMin = step.IsFull ? digitsMax : digitsMin;
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
                values.Set(step.Directive, number, digits);
                return digits;
            }
        }

        return 0;
    }

    private static int ReadOffset(ReadOnlySpan<byte> text, ref PatternValues values)
    {
        values.HasOffset = true;
        foreach (byte length in OffsetLengths)
        {
            if (text.Length >= length && ZoneText.TryReadOffset(text[..length], out values.OffsetSeconds))
            {
                return length;
            }
        }

        return 0;
    }

    private static int ReadHalf(ReadOnlySpan<byte> text, ref PatternValues values)
    {
        values.IsAfternoon = text.Length >= 2 && Ascii.EqualsIgnoreCase(text[..2], "PM"u8);
        return values.IsAfternoon || (text.Length >= 2 && Ascii.EqualsIgnoreCase(text[..2], "AM"u8)) ? 2 : 0;
    }
}
