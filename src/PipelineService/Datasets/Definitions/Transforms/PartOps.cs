using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops that make several fields of one, or one of several.</summary>
internal static class PartOps
{
    public static TransformOp ReadSplit(OpReader op) => new SplitOp
    {
        Fields = op.Field(),
        Separator = op.FilledText("separator", "the text between the parts"),
        Sets = op.Into(),
    };

    public static TransformOp ReadConcat(OpReader op) => new ConcatOp
    {
        Fields = op.Fields(),
        Separator = op.Json.Text("separator") ?? "",
        Sets = op.Set(),
    };
}
