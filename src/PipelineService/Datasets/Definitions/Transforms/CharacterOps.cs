using System.Text;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>Reads the ops that work on the characters of a text.</summary>
internal static class CharacterOps
{
    private const int LengthMax = 10_000_000;

    public static TransformOp ReadTrim(OpReader op)
    {
        string? characters = op.Json.Text("characters");
        if (characters is { Length: 0 })
        {
            op.Json.Fault("characters", "Must not be empty: leave it out for white space.");
        }

        return new TrimOp { Fields = op.Fields(), Characters = characters };
    }

    public static TransformOp ReadCollapseWhitespace(OpReader op) => new CollapseWhitespaceOp { Fields = op.Fields() };

    public static TransformOp ReadLower(OpReader op) => new LowerOp { Fields = op.Fields() };

    public static TransformOp ReadUpper(OpReader op) => new UpperOp { Fields = op.Fields() };

    public static TransformOp ReadTruncate(OpReader op) => new TruncateOp
    {
        Fields = op.Fields(),
        Length = op.RequiredCount("length", 0, LengthMax, "how many characters stay"),
    };

    public static TransformOp ReadPad(OpReader op) => new PadOp
    {
        Fields = op.Fields(),
        Length = op.RequiredCount("length", 1, PadOp.LengthMax, "how many characters there are at least"),
        Side = op.Json.Choice("side", OpWords.PadSides, PadSide.Start),
        Character = op.Character(new Rune(' ')),
    };
}
