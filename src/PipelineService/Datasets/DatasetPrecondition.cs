using System.Globalization;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets;

/// <summary>What a request demands of the dataset as it stands.</summary>
/// <param name="IfMatch">The tags of which one must be current; null demands nothing.</param>
/// <param name="IfNoneMatch">The tags of which none may be current; null demands nothing.</param>
public sealed record DatasetPrecondition(EntityTags? IfMatch, EntityTags? IfNoneMatch)
{
    public static DatasetPrecondition None { get; } = new(null, null);

    public static DatasetPrecondition Of(IHeaderDictionary headers) =>
        new(EntityTags.Parse(headers.IfMatch), EntityTags.Parse(headers.IfNoneMatch));

    /// <summary>The entity tag of a version.</summary>
    public static string TagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version that must be current, if there is one: the body said that it was made from it.</summary>
    public int? Version { get; init; }

    /// <summary>Which demand does not hold, or null.</summary>
    /// <param name="version">The current version, null when there is no such dataset or it is deleted.</param>
    public Problem? ProblemFor(string name, int? version) =>
        !HoldsFor(version) ? DatasetProblems.PreconditionFailed(name)
        : Version is int meant && version is int current && meant != current ? DatasetProblems.VersionPassed(name, meant, current)
        : null;

    /// <summary>Whether the demands of the headers hold.</summary>
    /// <param name="version">The current version, null when there is no such dataset or it is deleted.</param>
    public bool HoldsFor(int? version) => version is int current
        ? IfMatch?.MatchStrongly(TagOf(current)) != false && IfNoneMatch?.MatchWeakly(TagOf(current)) != true
        : IfMatch is null;
}
