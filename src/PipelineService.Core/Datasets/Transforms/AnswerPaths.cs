using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Places in the answer of a service: as <see cref="JsonPath"/> has them, and an empty text for all of it.</summary>
public static class AnswerPaths
{
    /// <summary>The names that lead to the place.</summary>
    /// <param name="text">As it was written; checked.</param>
    public static ImmutableArray<string> Of(string text) => text.Length == 0 ? [] : JsonPath.Parse(text, out _);

    /// <summary>Why a text is no such place, as the rest of a sentence; null where it is one.</summary>
    public static string? FaultOf(string text)
    {
        string? fault = null;
        _ = text.Length == 0 ? [] : JsonPath.Parse(text, out fault);
        return fault;
    }
}
