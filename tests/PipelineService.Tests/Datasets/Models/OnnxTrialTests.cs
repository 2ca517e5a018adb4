using System.Runtime.InteropServices;
using PipelineService.Core.Scoring;
using PipelineService.Datasets.Models;
using PipelineService.Tests.Infrastructure;
using static PipelineService.Tests.Infrastructure.OnnxWriter;

namespace PipelineService.Tests.Datasets.Models;

/// <summary>Which models are taken, what is found out of them, and why others are refused. None of these does the process any harm.</summary>
public sealed class OnnxTrialTests
{
    private static readonly WireWriter X = Value("x", OfFloat, -1, 2);
    private static readonly WireWriter Y = Value("y", OfFloat);

    private static readonly Dictionary<string, byte[]> Refused = new()
    {
        ["It is no ONNX model: It breaks off."] = [0x3A, 0x7F],
        ["It is no ONNX model: it has no graph"] = [],
        ["The values of records decide how much its operator ConstantOfShape gives"] = Of(
            Node("ReduceMax", ["x"], ["m"]), Node("Cast", ["m"], ["s"], "", Attribute("to", 7L)), Node("ConstantOfShape", ["s"], ["y"])),
        ["which is not run. Loops are not run"] = Of(Node("Loop", ["x"], ["y"])),
        ["\"ZipMap\", which is not run. It makes a map of the probabilities of each record: convert the model without it"] =
            Of(Node("ZipMap", ["x"], ["y"], "ai.onnx.ml")),
        ["\"RandomNormalLike\", which is not run"] = Of(Node("RandomNormalLike", ["x"], ["y"])),
        ["of domain \"com.microsoft\": only those of ai.onnx and ai.onnx.ml are run"] = Of(Node("FusedGemm", ["x"], ["y"], "com.microsoft")),
        ["has a graph of its own"] = Of(Node("Identity", ["x"], ["y"], "", new WireWriter().Text(1, "body").Message(6, new WireWriter()))),
        ["It keeps values in other files"] = Model(Graph(
            [Node("Add", ["x", "w"], ["y"])], [X], [Y],
            new WireWriter().Number(1, 2).Number(2, OfFloat).Text(8, "w").Message(13, new WireWriter().Text(1, "location").Text(2, "/etc/passwd")).Number(14, 1))),
        ["Its operators are not in order: Relu takes \"z\""] = Of(Node("Relu", ["z"], ["y"]), Node("Relu", ["x"], ["z"])),
        ["ONNX Runtime does not take it"] = Of(Node("Gemm", ["x"], ["y"])),
        ["Its input \"x\" takes 4 records at once, always"] = Model(Graph([Node("Relu", ["x"], ["y"])], [Value("x", OfFloat, 4, 2)], [Y])),
        ["Its input \"x\" has 3 dimensions"] = Model(Graph([Node("Relu", ["x"], ["y"])], [Value("x", OfFloat, -1, 2, 2)], [Y])),
        ["Its input \"x\" does not say how many values it takes"] = Model(Graph([Node("Relu", ["x"], ["y"])], [Value("x", OfFloat, -1, -1)], [Y])),
        ["It gives no tensor of float"] = Of(Node("ReduceSum", ["x"], ["y"], "", Attribute("keepdims", 0L))),
        ["says of a record depends on the records beside it"] = Of(
            Node("ReduceMean", ["x"], ["m"], "", Attribute("axes", [0L])), Node("Sub", ["x", "m"], ["y"])),
    };

    public static IEnumerable<string> Faults => Refused.Keys;

    public static TheoryData<string> FaultNames => [.. Faults];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void Refuses_what_could_harm_or_is_none(string fault)
    {
        TrialVerdict verdict = OnnxTrial.Try(Refused[fault]);

        Assert.Null(verdict.Signature);
        Assert.Contains(fault, verdict.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Finds_out_what_a_model_takes_and_gives()
    {
        AssertIs("x float [N, 8] → y float [N, 1]", OnnxTrial.Try(Forest(8, trees: 3, depth: 4)));
        AssertIs("x float [N, 2] (fare, km) → y float [N, 1]", OnnxTrial.Try(Linear(1, [2, 3], ("feature_names", "fare, km"))));
        AssertIs("x float [N, 2] (fare, km) → y float [N, 1]", OnnxTrial.Try(Linear(1, [2, 3], ("feature_names", "[\"fare\",\"km\"]"))));
        AssertIs("x float [N, 2] → y float [N, 1]", OnnxTrial.Try(Linear(1, [2, 3], ("feature_names", "fare"))));
        AssertIs(
            "a double [N, 1], b int64 [N], c string [N, 1], d bool [N, 1], e int32 [N, 1] → y double [N, 1], z int64 [N], s string [N, 1], t bool [N, 1], u int32 [N, 1]",
            OnnxTrial.Try(Several()));
    }

    /// <summary>
    /// What follows from the number of records alone may be large: then the trial needs so much memory, and it is the process's limit that
    /// speaks. Within it the size of what values decide is refused, that of what shapes decide is not.
    /// </summary>
    [Fact]
    public void Sizes_that_follow_from_shapes_are_taken() => AssertIs(
        "x float [N, 2] → y float [N, 2]",
        OnnxTrial.Try(Of(Node("Shape", ["x"], ["s"]), Node("ConstantOfShape", ["s"], ["o"]), Node("Add", ["x", "o"], ["y"]))));

    [Fact]
    public void A_block_gives_for_each_record_what_the_model_gives_for_it_alone()
    {
        byte[] file = Linear(1, [2, 3]);
        using OnnxModel model = new(file, OnnxTrial.Try(file).Signature!);
        ModelTensor x = model.Signature.Inputs[0];
        ScoreLayout layout = new(
            [new ScoreInput(x, [default, default])], [model.Signature.Outputs[0]], [new ScoreResult(0, 0, 0, Core.Values.TypedKind.Float)]);
        using OnnxScoreModel scoring = new(model, layout);
        ScoreBlock block = scoring.Rent();
        foreach (int rows in (int[])[1, 2, 17, 300, 8_192])
        {
            Span<float> values = MemoryMarshal.Cast<byte, float>(block.Inputs[0].AsSpan());
            for (int row = 0; row < rows; row++)
            {
                (values[2 * row], values[(2 * row) + 1]) = (row, 0.5f);
            }

            Assert.True(block.TryRun(rows));
            Assert.Equal(Enumerable.Range(0, rows).Select(row => 1 + (2f * row) + 1.5f), MemoryMarshal.Cast<byte, float>(block.Outputs[0])[..rows].ToArray());
        }

        scoring.Return(block);
        Assert.Same(block, scoring.Rent());
        scoring.Return(block);
    }

    internal static byte[] Several() => Model(
        Graph(
            [
                Node("Neg", ["a"], ["y"]), Node("Identity", ["b"], ["z"]), Node("Identity", ["c"], ["s"]), Node("Not", ["d"], ["t"]),
                Node("Identity", ["e"], ["u"]),
            ],
            [
                Value("a", OfDouble, -1, 1), Value("b", OfInt64, -1), Value("c", OfText, -1, 1), Value("d", OfBool, -1, 1), Value("e", OfInt32, -1, 1),
            ],
            [
                Value("y", OfDouble, -1, 1), Value("z", OfInt64, -1), Value("s", OfText, -1, 1), Value("t", OfBool, -1, 1), Value("u", OfInt32, -1, 1),
            ]));

    private static byte[] Of(params WireWriter[] nodes) => Model(Graph(nodes, [X], [Y]));

    private static void AssertIs(string expected, TrialVerdict verdict)
    {
        Assert.True(verdict.Signature is not null, verdict.Fault);
        string features = verdict.Signature.Features.IsEmpty ? "" : $" ({string.Join(", ", verdict.Signature.Features)})";
        Assert.Equal(
            expected,
            $"{string.Join(", ", verdict.Signature.Inputs.Select(Shown))}{features} → {string.Join(", ", verdict.Signature.Outputs.Select(Shown))}");
    }

    private static string Shown(ModelTensor tensor) => tensor.ToString().Replace("\"", "", StringComparison.Ordinal).Replace(" (", " ", StringComparison.Ordinal).Replace(")", "", StringComparison.Ordinal);
}
