using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;

namespace PipelineService.Datasets.Models;

/// <summary>What came of trying a model: what it takes and gives, or why it is refused.</summary>
public sealed record TrialVerdict(ModelSignature? Signature, string? Fault);

/// <summary>
/// Tries a model that nobody trusts, in a process that may die of it: 1. looks the file through, 2. loads it, 3. looks at what it takes,
/// 4. lets it run with every number of rows that it will ever be given, and 5. looks whether what it gives for a record depends on the others.
/// </summary>
internal static class OnnxTrial
{
    private const int ReasonLengthMax = 500;

    /// <summary>Tries it.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it raises, the model is refused.")]
    public static TrialVerdict Try(byte[] bytes)
    {
        try
        {
            // 1. Nothing native has seen it yet.
            if (OnnxFile.Read(bytes, out string? fault) is not { } file)
            {
                return Refused(fault!);
            }

            // 2. Its first parse, and what the runtime makes of it.
            using InferenceSession session = OnnxModel.Open(bytes);

            // 3. to 5.
            return InputsOf(session, out fault) is { } inputs ? Run(session, inputs, file.Features) : Refused(fault!);
        }
        catch (OnnxRuntimeException e)
        {
            return Refused($"ONNX Runtime does not take it: {Excerpt.Of(e.Message, ReasonLengthMax)}");
        }
        catch (Exception e)
        {
            return Refused($"It cannot be tried: {Excerpt.Of(e.Message, ReasonLengthMax)}");
        }
    }

    /// <summary>Whether a tensor has the form that it had when it was tried.</summary>
    public static bool IsOf(ModelTensor tensor, OrtTensorTypeAndShapeInfo info, int rows)
    {
        long[] shape = info.Shape;
        return OnnxTensors.KindOf(info.ElementDataType) == tensor.Kind && shape.Length == (tensor.IsFlat ? 1 : 2) && shape[0] == rows
            && (tensor.IsFlat || shape[1] == tensor.Width);
    }

    private static ImmutableArray<ModelTensor>? InputsOf(InferenceSession session, out string? fault)
    {
        List<ModelTensor> inputs = [];
        foreach (string name in session.InputNames)
        {
            NodeMetadata input = session.InputMetadata[name];
            string shown = $"Its input \"{Excerpt.Of(name)}\"";
            if (input.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR || OnnxTensors.KindOf(input.ElementDataType) is not { } kind)
            {
                fault = $"{shown} is no tensor of float, double, int64, int32, bool or string.";
                return null;
            }

            int[] shape = input.Dimensions;
            if (shape.Length is not (1 or 2))
            {
                fault = $"{shown} has {shape.Length} dimensions: [N] and [N, values] are given to it, with a row for each record.";
                return null;
            }

            if (shape[0] != -1)
            {
                fault = $"{shown} takes {shape[0]} records at once, always: export it with a first dimension that is left open "
                    + "(skl2onnx: FloatTensorType([None, 8]); torch: dynamic_axes).";
                return null;
            }

            if (shape.Length == 2 && shape[1] is < 1 or > ModelSignature.WidthMax)
            {
                fault = $"{shown} does not say how many values it takes of a record, from 1 to {ModelSignature.WidthMax}: export it with a second "
                    + "dimension that is a number (skl2onnx: FloatTensorType([None, 8])).";
                return null;
            }

            inputs.Add(new ModelTensor(name, kind, shape.Length == 1 ? 1 : shape[1], shape.Length == 1));
        }

        int width = inputs.Sum(input => input.Width);
        fault = width is < 1 or > ModelSignature.WidthMax
            ? string.Create(CultureInfo.InvariantCulture, $"It takes {width} values of a record: 1 to {ModelSignature.WidthMax} are possible.")
            : null;
        return fault is null ? [.. inputs] : null;
    }

    private static TrialVerdict Run(InferenceSession session, ImmutableArray<ModelTensor> inputs, IReadOnlyList<string> features)
    {
        string[] names = [.. inputs.Select(input => input.Name)];
        ImmutableArray<string> known =
            inputs.Length == 1 && features.Count == inputs[0].Width && features.Distinct(StringComparer.Ordinal).Count() == features.Count
                ? [.. features] : [];
        int way = 0;
        Dictionary<string, TrialResult>? given = RunInAnyWay(session, names, inputs, ref way, out string? fault);
        if (given is null)
        {
            return Refused(fault!);
        }

        ModelSignature signature = SignatureOf(session, inputs, given, known);
        foreach (int rows in signature.BlockSizes.Where(rows => rows > 1).Reverse())
        {
            Dictionary<string, TrialResult> more = RunOnce(session, names, inputs, rows, way, out string? kind);
            if (kind is not null)
            {
                return Refused(kind);
            }

            if (FaultBetween(given, more) is string difference)
            {
                return Refused(difference);
            }

            given = new(more.Where(result => given.ContainsKey(result.Key)));
        }

        signature = SignatureOf(session, inputs, given, known);
        return signature.Outputs.IsEmpty
            ? Refused("It gives no tensor of float, double, int64, int32, bool or string that has a row for each record: [N] or [N, values].")
            : signature.Outputs.Sum(output => output.Width) > ModelSignature.WidthMax
            ? Refused(string.Create(CultureInfo.InvariantCulture, $"It gives more than {ModelSignature.WidthMax} values for a record."))
            : new TrialVerdict(signature, Fault: null);
    }

    private static ModelSignature SignatureOf(
        InferenceSession session, ImmutableArray<ModelTensor> inputs, Dictionary<string, TrialResult> given, ImmutableArray<string> features) =>
        new(inputs, [.. session.OutputNames.Where(given.ContainsKey).Select(name => given[name].Tensor)], features);

    /// <summary>With one record, of the first kind that it takes: it may know some values only.</summary>
    private static Dictionary<string, TrialResult>? RunInAnyWay(
        InferenceSession session, string[] names, ImmutableArray<ModelTensor> inputs, ref int way, out string? fault)
    {
        OnnxRuntimeException? failed = null;
        for (way = 0; way < TrialRows.Ways; way++)
        {
            try
            {
                // Several at once: of one alone all values may be known.
                _ = RunOnce(session, names, inputs, 16, way, out fault);
                return fault is null ? RunOnce(session, names, inputs, 1, way, out fault) : null;
            }
            catch (OnnxRuntimeException e)
            {
                failed = e;
            }
        }

        fault = $"It cannot be run with small numbers, nor with ones or zeros: {Excerpt.Of(failed!.Message, ReasonLengthMax)}";
        return null;
    }

    /// <returns>By name what it has given that can be used.</returns>
    private static Dictionary<string, TrialResult> RunOnce(
        InferenceSession session, string[] names, ImmutableArray<ModelTensor> inputs, int rows, int way, out string? fault)
    {
        using TrialRows values = new(inputs, rows, way);
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(options, names, values.Values, session.OutputNames);
        Dictionary<string, TrialResult> given = new(StringComparer.Ordinal);
        fault = null;
        for (int i = 0; i < outputs.Count; i++)
        {
            string name = session.OutputNames[i];
            if (outputs[i].OnnxType != OnnxValueType.ONNX_TYPE_TENSOR)
            {
                fault = $"Its output \"{Excerpt.Of(name)}\" is no tensor, but a sequence or a map: export it with tensors alone.";
            }
            else if (TrialResult.Of(name, outputs[i], rows) is { } result)
            {
                given[name] = result;
            }
        }

        return given;
    }

    private static string? FaultBetween(Dictionary<string, TrialResult> before, Dictionary<string, TrialResult> after)
    {
        foreach ((string name, TrialResult result) in before)
        {
            if (!after.TryGetValue(name, out TrialResult? other) || other.Tensor != result.Tensor)
            {
                return $"The form of its output \"{Excerpt.Of(name)}\" changes with the number of records that it is given.";
            }

            if (!result.Agrees(other))
            {
                return $"What its output \"{Excerpt.Of(name)}\" says of a record depends on the records beside it, or on chance: each is scored by "
                    + "itself.";
            }
        }

        return null;
    }

    private static TrialVerdict Refused(string fault) => new(Signature: null, fault);
}
