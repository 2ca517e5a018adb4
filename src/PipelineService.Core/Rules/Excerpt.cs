using System.Globalization;
using System.Text;

namespace PipelineService.Core.Rules;

/// <summary>
/// Text from outside (names in a header, words of a definition, sentences of the database) as messages show it: cut and
/// marked where it is long, and with characters that would not be seen, or that no jsonb can hold, as escapes.
/// </summary>
public static class Excerpt
{
    /// <summary>Characters (UTF-16 units) of a name or a value that are shown.</summary>
    public const int NameLengthMax = 100;

    /// <summary>Marks what was cut.</summary>
    public const string Mark = "…";

    public static string Of(string text, int lengthMax = NameLengthMax)
    {
        string cut = Cut(text, lengthMax);
        if (!cut.EnumerateRunes().Any(IsUnseen))
        {
            return cut;
        }

        StringBuilder shown = new();
        foreach (Rune rune in cut.EnumerateRunes())
        {
            _ = IsUnseen(rune)
                ? shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}")
                : shown.Append(rune.ToString());
        }

        return shown.ToString();
    }

    /// <summary>The text, or its beginning and the mark; never half of a character.</summary>
    public static string Cut(string text, int lengthMax)
    {
        if (text.Length <= lengthMax)
        {
            return text;
        }

        int end = char.IsHighSurrogate(text[lengthMax - 1]) ? lengthMax - 1 : lengthMax;
        return string.Concat(text.AsSpan(0, end), Mark);
    }

    private static bool IsUnseen(Rune rune) =>
        rune.Value != ' '
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
