using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;

namespace PipelineService.Hosting.Http;

/// <summary>The preference <c>wait</c>. Source: RFC 7240, section 4.3.</summary>
/// <remarks>
/// Other preferences are passed over, as the standard has it. A <c>wait</c> that is no number of seconds is refused: who mistypes
/// it would ask again and again, and never learn why the answers come at once.
/// </remarks>
public static partial class PreferHeader
{
    public const string Name = "Prefer";

    /// <summary>The answer to it: which preferences were heeded.</summary>
    public const string Applied = "Preference-Applied";

    /// <summary>What is wrong with a header that cannot be read.</summary>
    public const string Fault = "write wait=N, with N whole seconds from 0 on (RFC 7240).";

    /// <summary>Reads how long the client is willing to wait; the first <c>wait</c> counts.</summary>
    /// <param name="prefer">The header's values.</param>
    /// <param name="wait">Null when it does not want to.</param>
    /// <returns>False when there is one that cannot be read.</returns>
    public static bool TryReadWait(StringValues prefer, out TimeSpan? wait)
    {
        wait = null;
        foreach (Match preference in prefer.SelectMany(value => Preferences().Matches(value ?? "")))
        {
            if (preference.Groups["name"].Value.Equals("wait", StringComparison.OrdinalIgnoreCase))
            {
                return TryReadSeconds(preference.Groups["value"].Value.Trim('"'), out wait);
            }
        }

        return true;
    }

    /// <summary>Says which wait was granted, where one was asked for.</summary>
    public static void TellApplied(HttpResponse answer, TimeSpan? granted)
    {
        if (granted is { } wait)
        {
            answer.Headers[Applied] = string.Create(CultureInfo.InvariantCulture, $"wait={Math.Floor(wait.TotalSeconds)}");
        }
    }

    /// <summary>A number that is too large is as much as there is (RFC 9111, section 1.2.2).</summary>
    private static bool TryReadSeconds(string text, out TimeSpan? wait)
    {
        bool isNumber = text.Length > 0 && text.All(char.IsAsciiDigit);
        wait = !isNumber ? null
            : TimeSpan.FromSeconds(
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : int.MaxValue);
        return isNumber;
    }

    /// <summary>Preferences up to their parameters and the next comma; neither is looked for inside quotes.</summary>
    [GeneratedRegex(
        """\G[\s,]*(?<name>[^\s=;,"]*)\s*(=\s*(?<value>"[^"]*"?|[^\s;,"]*))?([^,"]|"[^"]*"?)*""",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Preferences();
}
