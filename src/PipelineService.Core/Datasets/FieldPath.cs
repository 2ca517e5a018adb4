using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// Where in JSON a field's value stands: a <see cref="JsonPath"/> in the record or, behind a <c>^</c>, in the document that has the
/// record among its items.
/// </summary>
/// <param name="Text">As it was written: <c>/geo/lat</c>, <c>geo.lat</c>, <c>^/host</c>, <c>^.host</c>.</param>
/// <param name="IsOfDocument">Whether it begins at the document.</param>
/// <param name="Names">The names that lead to the value; in arrays the places of items, from 0 on.</param>
public sealed record FieldPath(string Text, bool IsOfDocument, ImmutableArray<string> Names)
{
    /// <summary>Reads a path.</summary>
    /// <param name="fault">Why it is none, as the rest of a sentence; null when it is one.</param>
    public static FieldPath? Parse(string text, out string? fault)
    {
        bool isOfDocument = text.StartsWith('^');
        string within = isOfDocument ? text[1..] : text;
        within = isOfDocument && within.StartsWith('.') ? within[1..] : within;
        ImmutableArray<string> names = JsonPath.Parse(within, out fault);
        return fault is null ? new FieldPath(text, isOfDocument, names) : null;
    }

    public bool Equals(FieldPath? other) => other?.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}
