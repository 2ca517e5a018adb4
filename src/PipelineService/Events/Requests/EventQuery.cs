using System.Globalization;
using Microsoft.Extensions.Primitives;
using PipelineService.Access;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Requests;

/// <summary>Reads what a request says of the events that it wants; all faults at once.</summary>
/// <param name="faults">Takes them: JSON pointer → sentences.</param>
internal sealed class EventQuery(Dictionary<string, string[]> faults)
{
    public const string LastEventId = "Last-Event-ID";
    public const string LastEventIdFault = "It must be the id of an event, a whole number.";

    private static readonly string KnownTypes = string.Join(", ", EventTypes.All);

    /// <summary>One type, several with commas between, or the parameter several times; null: all.</summary>
    public string[]? Types(string[]? given)
    {
        string[] types = [.. (given ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)).Distinct()];
        string[] unknown = [.. types.Except(EventTypes.All)];
        if (unknown.Length > 0)
        {
            faults["/types"] =
                [.. unknown.Select(type => $"'{Excerpt.Of(type)}' is no type; use some of {KnownTypes}.{Suggestion.For(type, EventTypes.All)}")];
        }

        return types.Length == 0 ? null : types;
    }

    /// <summary>A dataset, or the beginning of names with a star behind; null: all.</summary>
    public DatasetPatterns? Dataset(string? given)
    {
        if (given is null)
        {
            return null;
        }

        if (!DatasetPatterns.IsValid(given))
        {
            faults["/dataset"] = [$"'{Excerpt.Of(given)}' is neither the name of a dataset nor the beginning of one with a star behind (acme_*)."];
            return null;
        }

        return DatasetPatterns.Of([given]);
    }

    public long? After(string? given)
    {
        if (given is null)
        {
            return null;
        }

        if (IsPosition(given, out long after))
        {
            return after;
        }

        faults["/after"] = [$"'{Excerpt.Of(given)}' is no place in the log: that is a whole number, 0 for its begin."];
        return null;
    }

    public int Limit(string? given) => QueryLimit.Parse(given, EventEndpoints.PageDefault, EventEndpoints.PageMax, faults);

    /// <returns>False when there is one that cannot be read.</returns>
    public static bool TryReadLastId(StringValues header, out long? position)
    {
        position = null;
        string text = header.ToString();
        if (text.Length == 0)
        {
            return true;
        }

        bool isPosition = IsPosition(text, out long number);
        position = isPosition ? number : null;
        return isPosition;
    }

    private static bool IsPosition(string text, out long position) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out position);
}
