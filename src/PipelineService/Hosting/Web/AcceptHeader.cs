using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PipelineService.Hosting.Web;

/// <summary>Which form of an answer a client wants. Source: RFC 9110, section 12.5.1.</summary>
public static class AcceptHeader
{
    /// <summary>Chooses among the forms that an answer has.</summary>
    /// <param name="accept">The header's values. One that cannot be read, like none at all, takes any form.</param>
    /// <param name="forms">Media types, the usual one first.</param>
    /// <returns>The form that the client wants most, by the order of its wishes where they are equal; null when it takes none.</returns>
    public static string? Choose(StringValues accept, IReadOnlyList<string> forms)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? ranges) || ranges.Count == 0)
        {
            return forms[0];
        }

        MediaTypeHeaderValue[] types = [.. forms.Select(form => new MediaTypeHeaderValue(form))];
        return (from range in ranges
                orderby range.Quality ?? 1 descending
                from type in types
                where type.IsSubsetOf(Bare(range)) && QualityOf(type, ranges) > 0
                select type.MediaType.ToString()).FirstOrDefault();
    }

    /// <summary>The most exact range that holds the type says how much it is wanted.</summary>
    private static double QualityOf(MediaTypeHeaderValue type, IEnumerable<MediaTypeHeaderValue> ranges) =>
        (from range in ranges
         where type.IsSubsetOf(Bare(range))
         orderby range.MatchesAllTypes, range.MatchesAllSubTypes
         select range.Quality ?? 1).First();

    /// <summary>A range without parameters such as a character set: the answers are UTF-8, and no client refuses that.</summary>
    private static MediaTypeHeaderValue Bare(MediaTypeHeaderValue range) => new(range.MediaType);
}
