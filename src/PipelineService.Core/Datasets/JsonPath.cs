using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// A place in a JSON document, by the names that lead to it: written as a JSON pointer (RFC 6901), <c>/geo/lat</c>, or with dots,
/// <c>geo.lat</c> or <c>$.geo.lat</c>.
/// </summary>
public static class JsonPath
{
    /// <summary>How many names a path may have.</summary>
    public const int NamesMax = 16;

    /// <summary>Reads a path.</summary>
    /// <param name="text">As it was written.</param>
    /// <param name="fault">Why it is none, as the rest of a sentence; null when it is one.</param>
    /// <returns>Its names; empty with a fault.</returns>
    public static ImmutableArray<string> Parse(string text, out string? fault)
    {
        bool isPointer = text.StartsWith('/');
        string[] names = isPointer ? text[1..].Split('/') : WithoutRoot(text).Split('.');
        fault = names.Length > NamesMax ? $"has more than {NamesMax} names"
            : isPointer && names.Any(HasWrongEscape) ? "has a ~ that is neither ~0 (for ~) nor ~1 (for /)"
            : !isPointer && names.Any(name => name.Length == 0) ? "has an empty name between its dots"
            : !isPointer && names.Any(name => name.AsSpan().ContainsAny("[]*'\"")) ? "is more than names with dots between them"
            : !isPointer && names.Any(name => name.Contains('/', StringComparison.Ordinal)) ? "has a / in it and none before it"
            : null;
        return fault is not null ? []
            : isPointer ? [
                .. names.Select(name =>
                    name.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)),
            ]
            : [.. names];
    }

    private static string WithoutRoot(string text) => text.StartsWith("$.", StringComparison.Ordinal) ? text[2..] : text;

    private static bool HasWrongEscape(string name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            if (name[i] == '~' && (i + 1 == name.Length || name[i + 1] is not ('0' or '1')))
            {
                return true;
            }
        }

        return false;
    }
}
