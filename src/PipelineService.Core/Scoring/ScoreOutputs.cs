using System.Globalization;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Scoring;

/// <summary>Finds what a definition takes of a model.</summary>
public static class ScoreOutputs
{
    /// <summary>The output that is meant, and the place of the value in a row of it; null when there is none.</summary>
    public static (ModelTensor Output, int Place)? Find(ModelSignature model, string text, Suggest suggest, out string? fault)
    {
        fault = null;
        int place = 0;
        bool isPlaced = false;
        ModelTensor? output = model.Outputs.FirstOrDefault(tensor => tensor.Name == text);
        if (output is null && text.EndsWith(']') && text.LastIndexOf('[') is int open and > 0
            && int.TryParse(text.AsSpan(open + 1, text.Length - open - 2), NumberStyles.None, CultureInfo.InvariantCulture, out place))
        {
            output = model.Outputs.FirstOrDefault(tensor => tensor.Name == text[..open]);
            isPlaced = true;
        }

        if (output is null)
        {
            fault = $"The model has no output \"{Excerpt.Of(text)}\".{suggest(text, model.Outputs.Select(tensor => tensor.Name))} It has "
                + $"{ScoreKinds.Named(model.Outputs)}.";
            return null;
        }

        if (place >= output.Width || (!isPlaced && output.Width > 1))
        {
            fault = string.Create(
                CultureInfo.InvariantCulture,
                $"{output} has {output.Width} values a record: take one of them as \"{output.Name}[0]\" to "
                    + $"\"{output.Name}[{output.Width - 1}]\".");
            return null;
        }

        return (output, place);
    }
}
