using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Transforms.Steps;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops on dates and times.</summary>
internal static class CalendarOps
{
    public static TransformOp ReadParseDate(OpReader op) => new ParseDateOp
    {
        Fields = op.Fields(),
        Formats = ReadFormats(op),
        OnError = op.Json.Choice("onError", OpWords.OnErrors, OnError.Reject),
    };

    public static TransformOp ReadDatePart(OpReader op)
    {
        string? part = op.RequiredText("part", "what to take, such as \"year\"");
        return new DatePartOp
        {
            Part = part is null ? DatePart.Year : op.Json.Choose("part", part, OpWords.DateParts, DatePart.Year),
            Fields = op.Field(),
            Sets = op.IntoOne("the field that takes the part"),
        };
    }

    private static ImmutableArray<string> ReadFormats(OpReader op)
    {
        ImmutableArray<string> formats = op.Json.Items("formats", (element, pointer) =>
        {
            string? format = op.Json.TextOf(element, pointer);
            if (format is not null && OpFaults.OfPattern(format) is string fault)
            {
                op.Fault(pointer, fault);
                return null;
            }

            return format;
        });
        op.CheckFilled(
            "formats",
            formats,
            "the patterns of strptime that the texts may have, such as [\"%d/%m/%Y\"]",
            "Must have at least one pattern.");
        return formats.IsDefault ? [] : formats;
    }
}
