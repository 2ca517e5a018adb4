using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace PipelineService.Access;

/// <summary>
/// Datasets by name (<c>trips</c>) and by prefix (<c>acme_*</c>); <c>*</c> is all of them. Immutable and shared.
/// </summary>
public sealed partial class DatasetPatterns
{
    /// <summary>Patterns of one key at most.</summary>
    public const int CountMax = 100;

    public const string AnyDataset = "*";

    private readonly ImmutableArray<string> _names;
    private readonly ImmutableArray<string> _prefixes;

    private DatasetPatterns(IEnumerable<string> patterns)
    {
        Patterns = [.. patterns.Distinct(StringComparer.Ordinal)];
        _names = [.. Patterns.Where(pattern => !pattern.EndsWith('*'))];
        _prefixes = [.. Patterns.Where(pattern => pattern.EndsWith('*')).Select(pattern => pattern[..^1])];
        IsAll = _prefixes.Contains("");
    }

    /// <summary>Every dataset that there is and will be.</summary>
    public static DatasetPatterns All { get; } = new([AnyDataset]);

    /// <summary>As they were written.</summary>
    public ImmutableArray<string> Patterns { get; }

    public bool IsAll { get; }

    /// <summary>Names of single datasets among them, for SQL.</summary>
    public string[]? Names => IsAll ? null : [.. _names];

    /// <summary>What the names of the others begin with, for SQL.</summary>
    public string[]? Prefixes => IsAll ? null : [.. _prefixes];

    /// <param name="patterns">Each one <see cref="IsValid"/>.</param>
    public static DatasetPatterns Of(IReadOnlyCollection<string> patterns) =>
        patterns.Count == 1 && patterns.First() == AnyDataset ? All : new DatasetPatterns(patterns);

    /// <summary>Whether it is a name that datasets can have, the beginning of one with a star behind, or a star alone.</summary>
    public static bool IsValid(string pattern) => Syntax().IsMatch(pattern);

    public bool Match(string dataset)
    {
        if (IsAll)
        {
            return true;
        }

        foreach (string name in _names)
        {
            if (name == dataset)
            {
                return true;
            }
        }

        foreach (string prefix in _prefixes)
        {
            if (dataset.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether everything that the others match is matched by these, too.</summary>
    public bool Cover(DatasetPatterns others) =>
        IsAll || others.Patterns.All(other => other.EndsWith('*')
            ? _prefixes.Any(prefix => other[..^1].StartsWith(prefix, StringComparison.Ordinal))
            : Match(other));

    public override string ToString() => string.Join(", ", Patterns);

    [GeneratedRegex(@"\A(\*|[a-z][a-z0-9_]{0,61}\*|[a-z][a-z0-9_]{0,62})\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Syntax();
}
