using System.Globalization;
using System.Text;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>Names that people take for the same, and that differ all the same.</summary>
internal static class LookalikeNames
{
    private const string Marks = "\"'_-.";

    /// <summary>The same for names that are alike: what is left when case, blanks, punctuation and the unseen go.</summary>
    public static string KeyOf(string name) => Bare(name, IsBlank, IsMark).ToUpperInvariant();

    /// <summary>In what two names with the same key differ, to stand behind "differ only".</summary>
    public static string DifferenceOf(string left, string right)
    {
        string[] differences =
        [
            .. UnseenIn(left).Except(UnseenIn(right)).Concat(UnseenIn(right).Except(UnseenIn(left)))
                .Distinct().Select(rune => $"by the invisible character {NameOf(rune)}"),
            .. Bare(left, IsBlank, IsMark) != Bare(right, IsBlank, IsMark) ? (string[])["in case"] : [],
            .. IsSame(Bare(left, IsMark), Bare(right, IsMark)) ? (string[])[] : ["in blanks"],
            .. IsSame(Bare(left, IsBlank), Bare(right, IsBlank)) ? (string[])[] : ["in punctuation"],
        ];
        return differences.Length > 0 ? string.Join(" and ", differences)
            : UnseenIn(left).Concat(UnseenIn(right)).Any() ? "in invisible characters"
            : "in the order of blanks and punctuation";
    }

    /// <summary>A name without characters that nobody sees, and without those of some kinds.</summary>
    private static string Bare(string name, params ReadOnlySpan<Func<Rune, bool>> kinds)
    {
        StringBuilder bare = new(name.Length);
        foreach (Rune rune in name.EnumerateRunes())
        {
            bool isLeftOut = IsUnseen(rune);
            foreach (Func<Rune, bool> kind in kinds)
            {
                isLeftOut |= kind(rune);
            }

            _ = isLeftOut ? bare : bare.Append(rune.ToString());
        }

        return bare.ToString();
    }

    private static bool IsSame(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<Rune> UnseenIn(string name) => name.EnumerateRunes().Where(IsUnseen);

    /// <summary>A blank that is no space looks like one, and is taken for one.</summary>
    private static bool IsUnseen(Rune rune) => rune.Value is not (' ' or '\t' or '\n')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static bool IsBlank(Rune rune) => Rune.IsWhiteSpace(rune);

    private static bool IsMark(Rune rune) => rune.IsBmp && Marks.Contains((char)rune.Value, StringComparison.Ordinal);

    private static string NameOf(Rune rune)
    {
        string code = string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}");
        return rune.Value switch
        {
            0xFEFF => $"{code} (byte order mark)",
            0x00A0 => $"{code} (no-break space)",
            0x00AD => $"{code} (soft hyphen)",
            0x200B => $"{code} (zero width space)",
            0x200C => $"{code} (zero width non-joiner)",
            0x200D => $"{code} (zero width joiner)",
            0x200E => $"{code} (left-to-right mark)",
            0x200F => $"{code} (right-to-left mark)",
            0x202F => $"{code} (narrow no-break space)",
            0x2060 => $"{code} (word joiner)",
            '\r' => $"{code} (carriage return)",
            _ => code,
        };
    }
}
