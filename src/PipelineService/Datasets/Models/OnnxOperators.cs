using System.Collections.Frozen;

namespace PipelineService.Datasets.Models;

/// <summary>
/// The operators that a model may have: those whose result has a size that follows from the sizes of what they are given, or from values
/// that do not depend on a record. With them nothing that a record holds decides how much memory or time a run takes, so that what was
/// tried is what there is. Loops and branches, random numbers, sequences and maps, files and images are not among them.
/// </summary>
internal static class OnnxOperators
{
    /// <summary>Those of domain <c>ai.onnx</c>.</summary>
    private static readonly FrozenSet<string> Main = (
        "Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd BitwiseNot BitwiseOr "
        + "BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat Constant ConstantOfShape Conv ConvTranspose Cos Cosh CumSum DepthToSpace "
        + "DequantizeLinear Det Div DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements "
        + "GatherND Gelu Gemm GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish "
        + "Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax "
        + "LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization Min Mish Mod Mul Neg Not OneHot Or PRelu "
        + "Pad Pow QLinearConv QLinearMatMul QuantizeLinear RNN Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax "
        + "ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round ScatterElements ScatterND Selu Shape Shrink Sigmoid "
        + "Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze StringNormalizer Sub Sum Swish Tan Tanh "
        + "TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Those of domain <c>ai.onnx.ml</c>.</summary>
    private static readonly FrozenSet<string> Learning = (
        "ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer "
        + "OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor")
        .Split(' ').ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Inputs, by their places, whose values decide the size of the result: none may depend on a record.</summary>
    private static readonly FrozenDictionary<string, int[]> Sizing = new Dictionary<string, int[]>
    {
        ["ConstantOfShape"] = [0],
        ["Expand"] = [1],
        ["OneHot"] = [1],
        ["Pad"] = [1, 3],
        ["Range"] = [0, 1, 2],
        ["Tile"] = [1, 2],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Advice = new Dictionary<string, string>
    {
        ["ZipMap"] = "It makes a map of the probabilities of each record: convert the model without it "
            + "(skl2onnx: to_onnx(model, X, options={'zipmap': False}); onnxmltools: zipmap=False), and the probabilities are a tensor.",
        ["If"] = "Branches are not run.",
        ["Loop"] = "Loops are not run: how long they take would depend on the records.",
        ["Scan"] = "Loops are not run: how long they take would depend on the records.",
        ["Dropout"] = "It is for training alone: export the model for inference.",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Whether an operator of no domain but these is known.</summary>
    /// <param name="domain">Empty is <c>ai.onnx</c>.</param>
    public static bool IsKnownDomain(string domain) => domain is "" or "ai.onnx" or "ai.onnx.ml";

    /// <summary>Why an operator is refused; null when it is not.</summary>
    public static string? FaultOf(string domain, string type) =>
        !IsKnownDomain(domain)
            ? $"It has the operator {Shown(type)} of domain {Shown(domain)}: only those of ai.onnx and ai.onnx.ml are run, which come with the service."
            : (domain == "ai.onnx.ml" ? Learning : Main).Contains(type) ? null
            : $"It has the operator {Shown(type)}, which is not run. {Advice.GetValueOrDefault(type, "Only operators are whose time and memory no record decides.")}";

    /// <summary>Whether the value of an input decides the size of what an operator gives.</summary>
    public static bool DecidesSize(string domain, string type, int input) =>
        domain != "ai.onnx.ml" && Sizing.TryGetValue(type, out int[]? inputs) && inputs.Contains(input);

    /// <summary>Whether what an operator gives depends on how many values it is given alone, not on which.</summary>
    public static bool LooksAtSizesOnly(string domain, string type) => domain != "ai.onnx.ml" && type is "Shape" or "Size";

    private static string Shown(string text) => $"\"{Core.Rules.Excerpt.Of(text)}\"";
}
