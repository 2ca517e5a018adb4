namespace PipelineService.Core.Datasets;

/// <summary>A text of the data that means something, and what people call that.</summary>
/// <param name="Value">As it stands in the data.</param>
/// <param name="Label">For people to read; null where the definition gives none.</param>
public sealed record LabelledText(string Value, string? Label = null)
{
    public static implicit operator LabelledText(string value) => new(value);
}
