using System.Globalization;
using PipelineService.Core.Rules;

namespace PipelineService.Hosting.Http;

/// <summary>How many a page of a list is to have at most: <c>limit</c> in the query.</summary>
internal static class QueryLimit
{
    /// <param name="usual">What it is where nothing is said.</param>
    /// <param name="max">More is a fault.</param>
    /// <returns>The usual one also where it cannot be read: then a fault is added.</returns>
    public static int Parse(string? text, int usual, int max, Dictionary<string, string[]> faults)
    {
        if (text is null)
        {
            return usual;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit >= 1 && limit <= max)
        {
            return limit;
        }

        faults["/limit"] = [$"'{Excerpt.Of(text)}' is not a whole number from 1 to {max}."];
        return usual;
    }
}
