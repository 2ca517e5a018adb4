using System.Globalization;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>Values of sketches as texts that tell them apart.</summary>
internal static class KnownValue
{
    /// <param name="read">Makes a text of whole values.</param>
    public static string TextOf(FrequentValue value, SpanReader read)
    {
        if (!value.IsCut)
        {
            return read(value.Value.Span);
        }

        string first = System.Text.Encoding.UTF8.GetString(value.Value.Span).TrimEnd('\uFFFD');
        return $"{first}…{value.Hash.ToString("x16", CultureInfo.InvariantCulture)}";
    }
}
