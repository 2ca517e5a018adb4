using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PipelineService.Hosting.Http;

/// <summary>Which form of an answer a client wants. Source: RFC 9110, section 12.5.1.</summary>
public static class AcceptHeader
{
    /// <summary>Chooses among the forms that an answer has.</summary>
    /// <param name="accept">The header's values. One that cannot be read, like none at all, takes any form.</param>
    /// <param name="forms">Media types, the usual one first.</param>
    /// <returns>
    /// The form that the client wants most, by the order of its wishes where they are equal; null when it takes none.
    /// </returns>
    public static string? Choose(StringValues accept, IReadOnlyList<string> forms)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? ranges) || ranges.Count == 0)
        {
            return forms[0];
        }

        return (from form in forms
                let wish = WishFor(new MediaTypeHeaderValue(form), ranges)
                where wish.Quality > 0
                orderby wish.Quality descending, wish.Place
                select form).FirstOrDefault();
    }

    /// <summary>
    /// The most exact range that holds the type says how much it is wanted, and where among the wishes it stands.
    /// </summary>
    private static (double Quality, int Place) WishFor(MediaTypeHeaderValue type, IEnumerable<MediaTypeHeaderValue> ranges) =>
        (from wish in ranges.Index()
         where type.IsSubsetOf(Bare(wish.Item))
         orderby wish.Item.MatchesAllTypes, wish.Item.MatchesAllSubTypes
         select (wish.Item.Quality ?? 1, wish.Index)).FirstOrDefault();

    /// <summary>A range without parameters such as a character set: the answers are UTF-8, and no client refuses that.</summary>
    private static MediaTypeHeaderValue Bare(MediaTypeHeaderValue range) => new(range.MediaType);
}
