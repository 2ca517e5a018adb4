using System.Collections.Immutable;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace PipelineService.Hosting.Http;

/// <summary>
/// The tags of <c>If-Match</c> or <c>If-None-Match</c> (RFC 9110, section 13). A header that cannot be read lists none,
/// so that If-Match fails and If-None-Match holds: a condition is never ignored.
/// </summary>
public sealed class EntityTags
{
    private readonly ImmutableArray<EntityTagHeaderValue> _tags;

    private EntityTags(ImmutableArray<EntityTagHeaderValue> tags) => _tags = tags;

    /// <returns>Null when the header was not sent: it demands nothing.</returns>
    public static EntityTags? Parse(StringValues header)
    {
        if (header.Count == 0)
        {
            return null;
        }

        bool isRead = EntityTagHeaderValue.TryParseStrictList(header, out IList<EntityTagHeaderValue>? tags);
        return new EntityTags(isRead ? [.. tags!] : []);
    }

    /// <summary>For a write: whether one of them is this very representation.</summary>
    /// <param name="current">The tag, in quotes.</param>
    public bool MatchStrongly(string current) => Match(current, useStrongComparison: true);

    /// <summary>
    /// For a read, where a proxy that compresses may have weakened them: whether one of them stands for this.
    /// </summary>
    /// <inheritdoc cref="MatchStrongly"/>
    public bool MatchWeakly(string current) => Match(current, useStrongComparison: false);

    private bool Match(string current, bool useStrongComparison)
    {
        EntityTagHeaderValue tag = new(current);
        return _tags.Any(t => t.Equals(EntityTagHeaderValue.Any) || t.Compare(tag, useStrongComparison));
    }
}
