using System.Buffers;
using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Reads patterns of <c>strptime</c> and looks whether they say what a type needs, and nothing that it would lose: a date has
/// no hour to keep.
/// </summary>
internal static class PatternSyntax
{
    private const int LengthMax = 100;

    /// <summary>The directives that are read. %F, %T, %R, %D, %e and %h are short for others, as in C.</summary>
    public const string Known =
        "%Y %y %m %b %B %d %j %H %I %p %M %S %f %z %Z %a %A %F %T %R %D %e %h %%";

    private const string DayLetters = "YymbBdjaA";
    private const string TimeLetters = "HIpMSf";

    private const string YearPart = "the year";
    private const string MonthPart = "the month";
    private const string DayPart = "the day";
    private const string HourPart = "the hour";
    private const string ZonePart = "the offset";

    private static readonly ImmutableDictionary<char, string> Parts = new Dictionary<char, string>
    {
        ['Y'] = YearPart,
        ['y'] = YearPart,
        ['m'] = MonthPart,
        ['b'] = MonthPart,
        ['B'] = MonthPart,
        ['d'] = DayPart,
        ['j'] = "the day of the year",
        ['H'] = HourPart,
        ['I'] = HourPart,
        ['p'] = "AM or PM",
        ['M'] = "the minute",
        ['S'] = "the second",
        ['f'] = "the fraction",
        ['z'] = ZonePart,
        ['Z'] = ZonePart,
        ['a'] = "the weekday",
        ['A'] = "the weekday",
    }.ToImmutableDictionary();

    private static readonly ImmutableDictionary<char, string> Short = new Dictionary<char, string>
    {
        ['F'] = "%Y-%m-%d",
        ['T'] = "%H:%M:%S",
        ['R'] = "%H:%M",
        ['D'] = "%m/%d/%y",
        ['e'] = "%d",
        ['h'] = "%b",
    }.ToImmutableDictionary();

    public static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\n\r\f\v"u8);

    /// <summary>How a directive's number is written: fewest and most digits, least and greatest value.</summary>
    public static (int DigitsMin, int DigitsMax, int Least, int Most) NumberOf(char directive) => directive switch
    {
        'Y' => (4, 4, 0, 9999),
        'y' => (2, 2, 0, 99),
        'm' or 'I' => (1, 2, 1, 12),
        'd' => (1, 2, 1, 31),
        'j' => (1, 3, 1, 366),
        'H' => (1, 2, 0, 23),
        'M' => (1, 2, 0, 59),
        'S' => (1, 2, 0, 61),
        _ => (1, 6, 0, 999_999),
    };

    /// <exception cref="FieldFaultException">What is wrong with the pattern, as a sentence.</exception>
    public static ImmutableArray<PatternStep> Read(FieldType type, string pattern)
    {
        if (pattern.Length > LengthMax)
        {
            throw new FieldFaultException($"The pattern is longer than {LengthMax} characters.");
        }

        var steps = ImmutableArray.CreateBuilder<PatternStep>();
        Read(pattern, steps);
        Check(type, pattern, [.. steps.Where(s => s.Directive is not ('\0' or ' ')).Select(s => s.Directive)]);
        return [.. steps.Select((step, i) => step with
        {
            IsFull = IsNumber(step) && ((i > 0 && EndsInDigit(steps[i - 1])) || (i + 1 < steps.Count && StartsWithDigit(steps[i + 1])))
                && !(step.Directive == 'f' && (i + 1 == steps.Count || !StartsWithDigit(steps[i + 1]))),
        })];
    }

    /// <summary>What a pattern reads: a time where it has no day, a date where it has no time, or both.</summary>
    /// <exception cref="FieldFaultException">It cannot be read.</exception>
    public static FieldType TypeOf(string pattern)
    {
        var steps = ImmutableArray.CreateBuilder<PatternStep>();
        Read(pattern, steps);
        bool Has(string letters) => steps.Any(step => step.Directive != '\0' && letters.Contains(step.Directive, StringComparison.Ordinal));

        bool hasDay = Has(DayLetters);
        return Has("zZ") || hasDay == Has(TimeLetters) ? FieldType.DateTime : hasDay ? FieldType.Date : FieldType.Time;
    }

    private static void Read(string pattern, ImmutableArray<PatternStep>.Builder steps)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '%')
            {
                ReadDirective(i + 1 < pattern.Length ? pattern[++i] : '\0', steps);
            }
            else if (IsBlank(c))
            {
                if (i == 0 || !IsBlank(pattern[i - 1]))
                {
                    steps.Add(new PatternStep(' ', []));
                }
            }
            else
            {
                int end = i;
                while (end < pattern.Length && pattern[end] != '%' && !IsBlank(pattern[end]))
                {
                    end++;
                }

                steps.Add(new PatternStep('\0', System.Text.Encoding.UTF8.GetBytes(pattern[i..end])));
                i = end - 1;
            }
        }
    }

    private static void ReadDirective(char letter, ImmutableArray<PatternStep>.Builder steps)
    {
        if (letter == '%')
        {
            steps.Add(new PatternStep('\0', "%"u8.ToArray()));
        }
        else if (Short.TryGetValue(letter, out string? meant))
        {
            Read(meant, steps);
        }
        else if (Parts.ContainsKey(letter))
        {
            steps.Add(new PatternStep(letter, []));
        }
        else
        {
            string what = letter == '\0' ? "A % at the end" : $"\"%{letter}\"";
            throw new FieldFaultException($"{what} is no directive that can be read: use {Known}.");
        }
    }

    private static void Check(FieldType type, string pattern, ImmutableArray<char> directives)
    {
        string word = type.ToString().ToLowerInvariant();
        if (directives.IsEmpty)
        {
            throw new FieldFaultException(
                $"\"{Excerpt.Of(pattern)}\" is not known here: use default, any, or a pattern such as {ExampleOf(type)}.");
        }

        string? twice = directives.GroupBy(d => Parts[d]).FirstOrDefault(g => g.Skip(1).Any())?.Key;
        ThrowIf(twice is not null, $"The pattern says {twice} twice.");
        bool Has(string letters) => directives.Any(letters.Contains);

        bool hasDay = Has(DayLetters);
        bool hasTime = Has(TimeLetters);
        ThrowIf(type == FieldType.Date && hasTime, "The pattern reads a time, which a date would lose: declare a datetime.");
        ThrowIf(type == FieldType.Time && hasDay, "The pattern reads a day, which a time would lose: declare a datetime.");
        ThrowIf(
            type != FieldType.DateTime && Has("zZ"), $"The pattern reads an offset, which a {word} would lose: declare a datetime.");
        ThrowIf(type != FieldType.Time && !Has("Yy"), "The pattern has no year: %Y or %y.");
        ThrowIf(Has("d") && !Has("mbB"), "The pattern has a day and no month: %m, %b or %B.");
        ThrowIf(Has("j") && Has("mbBd"), "The pattern has the day of the year beside the month.");
        ThrowIf((type == FieldType.Time || hasTime) && !Has("HI"), "The pattern has no hour: %H, or %I with %p.");
        ThrowIf(Has("I") != Has("p"), "%I and %p belong together: hours of a 12-hour clock mean nothing without AM or PM.");
        ThrowIf(Has("S") && !Has("M"), "The pattern has seconds and no minutes: %M.");
        ThrowIf(Has("f") && !Has("S"), "The pattern has a fraction and no seconds: %S.");
    }

    /// <summary>A pattern as an example for a type.</summary>
    public static string ExampleOf(FieldType type) => type switch
    {
        FieldType.Date => "%d/%m/%Y",
        FieldType.Time => "%I:%M %p",
        _ => "%d/%m/%Y %H:%M",
    };

    /// <summary>Of texts neither.</summary>
    private static bool IsNumber(PatternStep step) => step.Directive is not ('\0' or ' ' or 'b' or 'B' or 'a' or 'A' or 'p' or 'z' or 'Z');

    private static bool StartsWithDigit(PatternStep step) =>
        IsNumber(step) || (step.Literal is [var first, ..] && char.IsAsciiDigit((char)first));

    private static bool EndsInDigit(PatternStep step) =>
        IsNumber(step) || step.Directive == 'z' || (step.Literal is [.., var last] && char.IsAsciiDigit((char)last));

    private static bool IsBlank(char c) => char.IsAscii(c) && Blanks.Contains((byte)c);

    private static void ThrowIf(bool isFault, string sentence)
    {
        if (isFault)
        {
            throw new FieldFaultException(sentence);
        }
    }
}
