using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PipelineService.Datasets;

/// <summary>
/// What a write demands of the dataset as it stands: <c>If-Match</c> and <c>If-None-Match</c> (RFC 9110, section 13).
/// </summary>
/// <param name="IfMatch">The tags of which one must be current; null demands nothing.</param>
/// <param name="IfNoneMatch">The tags of which none may be current; null demands nothing.</param>
public sealed record DatasetPrecondition(
    ImmutableArray<EntityTagHeaderValue>? IfMatch, ImmutableArray<EntityTagHeaderValue>? IfNoneMatch)
{
    public static DatasetPrecondition None { get; } = new(null, null);

    public static DatasetPrecondition Of(IHeaderDictionary headers) => new(Parse(headers.IfMatch), Parse(headers.IfNoneMatch));

    /// <summary>The entity tag of a version.</summary>
    public static string TagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Whether the demands hold.</summary>
    /// <param name="version">The current version, null when there is no such dataset or it is deleted.</param>
    public bool HoldsFor(int? version) =>
        (IfMatch is not { } match || Matches(match, version, useStrongComparison: true))
        && (IfNoneMatch is not { } noneMatch || !Matches(noneMatch, version, useStrongComparison: false));

    private static bool Matches(ImmutableArray<EntityTagHeaderValue> tags, int? version, bool useStrongComparison) =>
        version is int current && tags.Any(tag =>
            tag.Equals(EntityTagHeaderValue.Any)
            || tag.Compare(new EntityTagHeaderValue(TagOf(current)), useStrongComparison));

    /// <summary>A header that cannot be read lists no tag, so that If-Match fails: a condition is never ignored.</summary>
    private static ImmutableArray<EntityTagHeaderValue>? Parse(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }

        return EntityTagHeaderValue.TryParseStrictList(header, out IList<EntityTagHeaderValue>? tags) ? [.. tags] : [];
    }
}
