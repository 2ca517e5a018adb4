using System.Globalization;

namespace PipelineService.Hosting.Http;

/// <summary>Times in the query: RFC 3339, or a date alone, which is its first moment in UTC.</summary>
internal static class QueryTime
{
    private static readonly string[] Forms =
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mmK"];

    /// <returns>Null when there is none, or none that can be read: then a fault is added.</returns>
    public static DateTime? Parse(string name, string? text, Dictionary<string, string[]> faults)
    {
        if (text is null)
        {
            return null;
        }

        // In a query a plus sign is a blank; whoever writes +02:00 means the sign.
        string written = text.ToUpperInvariant().Replace(' ', '+');
        if (DateTimeOffset.TryParseExact(
            written, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            return time.UtcDateTime;
        }

        faults[$"/{name}"] =
        [
            $"'{Core.Rules.Excerpt.Of(text)}' is no time. Write a date (2026-11-26) or a date and time (2026-11-26T08:30:00Z).",
        ];
        return null;
    }
}
