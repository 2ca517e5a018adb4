using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Durations as ISO 8601 writes them: <c>P7D</c>, <c>P2W</c>, <c>PT12H</c>, <c>P1DT6H</c>. Without years and months, which have
/// no length of their own.
/// </summary>
internal static partial class DurationText
{
    /// <summary>As a JSON schema says it.</summary>
    public const string Pattern = "^P(?=\\d|T\\d)(?:\\d+W|(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+S)?)?)$";

    /// <returns>Null when it is no such text, or longer than a <see cref="TimeSpan"/> can be.</returns>
    public static TimeSpan? Parse(string text)
    {
        if (Form().Match(text).Length != text.Length || text.Length == 0)
        {
            return null;
        }

        try
        {
            return text.EndsWith('W')
                ? TimeSpan.FromDays(checked(7 * int.Parse(text.AsSpan(1..^1), CultureInfo.InvariantCulture)))
                : XmlConvert.ToTimeSpan(text);
        }
        catch (Exception e) when (e is OverflowException or FormatException)
        {
            return null;
        }
    }

    public static string Format(TimeSpan duration) => XmlConvert.ToString(duration);

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
