using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using PipelineService.Core.Scoring;

namespace PipelineService.Datasets.Models;

/// <summary>
/// Rows that a model is tried with, always the same ones: different in all of their values, or all of ones, or all of zeros, for models that
/// know some values only.
/// </summary>
internal sealed class TrialRows : IDisposable
{
    /// <summary>The ways to make them, in the order in which they are tried.</summary>
    public const int Ways = 3;

    private readonly byte[][] _buffers;

    public TrialRows(ImmutableArray<ModelTensor> inputs, int rows, int way)
    {
        _buffers = [.. inputs.Select(input => OnnxTensors.BufferOf(input, rows))];
        Values = [.. inputs.Select((input, i) => OnnxTensors.Of(input, rows, _buffers[i]))];
        for (int i = 0; i < inputs.Length; i++)
        {
            Fill(inputs[i], i, rows * inputs[i].Width, way);
        }
    }

    public OrtValue[] Values { get; }

    public void Dispose()
    {
        foreach (OrtValue value in Values)
        {
            value.Dispose();
        }
    }

    private void Fill(ModelTensor tensor, int input, int count, int way)
    {
        for (int i = 0; i < count; i++)
        {
            // Quarters from −2 on: whole numbers among them.
            int value = way switch
            {
                0 => (int)(((uint)(((input + 1) * 7_919) + i) * 2_654_435_761u >> 24) % 17) - 8,
                1 => 4,
                _ => 0,
            };
            Span<byte> buffer = _buffers[input];
            switch (tensor.Kind)
            {
                case TensorKind.Float:
                    MemoryMarshal.Cast<byte, float>(buffer)[i] = value / 4f;
                    break;
                case TensorKind.Double:
                    MemoryMarshal.Cast<byte, double>(buffer)[i] = value / 4d;
                    break;
                case TensorKind.Int64:
                    MemoryMarshal.Cast<byte, long>(buffer)[i] = Math.Abs(value) / 4;
                    break;
                case TensorKind.Int32:
                    MemoryMarshal.Cast<byte, int>(buffer)[i] = Math.Abs(value) / 4;
                    break;
                case TensorKind.Boolean:
                    buffer[i] = value > 0 ? (byte)1 : (byte)0;
                    break;
                default:
                    Values[input].StringTensorSetElementAt(value == 0 ? "" : (value / 4).ToString(CultureInfo.InvariantCulture).AsSpan(), i);
                    break;
            }
        }
    }
}

/// <summary>What a model has given for them, where it is a tensor that has a row for each.</summary>
internal sealed record TrialResult(ModelTensor Tensor, double[] Numbers, string[] Texts)
{
    /// <summary>Rows that are looked at.</summary>
    private const int ComparedMax = 1_024;

    /// <returns>Null for something else.</returns>
    public static TrialResult? Of(string name, OrtValue value, int rows)
    {
        if (value.OnnxType != OnnxValueType.ONNX_TYPE_TENSOR)
        {
            return null;
        }

        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        long[] shape = info.Shape;
        if (OnnxTensors.KindOf(info.ElementDataType) is not { } kind || shape.Length is not (1 or 2) || shape[0] != rows
            || (shape.Length == 2 && shape[1] is < 1 or > ModelSignature.WidthMax))
        {
            return null;
        }

        ModelTensor tensor = new(name, kind, shape.Length == 1 ? 1 : (int)shape[1], shape.Length == 1);
        int count = Math.Min(rows, ComparedMax) * tensor.Width;
        return kind == TensorKind.Text
            ? new TrialResult(tensor, [], [.. Enumerable.Range(0, count).Select(value.GetStringElement)])
            : new TrialResult(tensor, NumbersOf(value, kind, count), []);
    }

    /// <summary>
    /// Whether most of the rows are the same in both. Sums in another order may differ in their last digits, and a class whose probability is
    /// that of another may then be another.
    /// </summary>
    public bool Agrees(TrialResult other)
    {
        int rows = Math.Min(Numbers.Length + Texts.Length, other.Numbers.Length + other.Texts.Length);
        int different = 0;
        for (int i = 0; i < rows; i++)
        {
            bool isSame = Texts.Length > 0 ? Texts[i] == other.Texts[i] : IsNear(Numbers[i], other.Numbers[i]);
            different += isSame ? 0 : 1;
        }

        return different <= rows / 100;
    }

    private static bool IsNear(double one, double other) =>
        one.Equals(other) || Math.Abs(one - other) <= 1e-3 * (1 + Math.Abs(one));

    private static double[] NumbersOf(OrtValue value, TensorKind kind, int count)
    {
        ReadOnlySpan<byte> bytes = value.GetTensorDataAsSpan<byte>();
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = kind switch
            {
                TensorKind.Float => MemoryMarshal.Cast<byte, float>(bytes)[i],
                TensorKind.Double => MemoryMarshal.Cast<byte, double>(bytes)[i],
                TensorKind.Int64 => MemoryMarshal.Cast<byte, long>(bytes)[i],
                TensorKind.Int32 => MemoryMarshal.Cast<byte, int>(bytes)[i],
                _ => bytes[i],
            };
        }

        return numbers;
    }
}
