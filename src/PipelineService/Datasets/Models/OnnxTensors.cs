using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using PipelineService.Core.Scoring;

namespace PipelineService.Datasets.Models;

/// <summary>Tensors of the runtime over buffers of ours.</summary>
internal static class OnnxTensors
{
    /// <summary>The kind of a type of the runtime; null for one that is not served.</summary>
    public static TensorKind? KindOf(TensorElementType type) => type switch
    {
        TensorElementType.Float => TensorKind.Float,
        TensorElementType.Double => TensorKind.Double,
        TensorElementType.Int64 => TensorKind.Int64,
        TensorElementType.Int32 => TensorKind.Int32,
        TensorElementType.Bool => TensorKind.Boolean,
        TensorElementType.String => TensorKind.Text,
        _ => null,
    };

    /// <summary>A buffer for so many rows, which the runtime may use while nothing moves it; empty for text.</summary>
    public static byte[] BufferOf(ModelTensor tensor, int rows) =>
        GC.AllocateArray<byte>(tensor.Width * TensorKinds.BytesOf(tensor.Kind) * rows, pinned: true);

    /// <summary>A tensor of so many rows: over a buffer, or of empty texts.</summary>
    /// <param name="buffer">One of <see cref="BufferOf"/>; it must live as long.</param>
    public static unsafe OrtValue Of(ModelTensor tensor, int rows, byte[] buffer)
    {
        long[] shape = tensor.IsFlat ? [rows] : [rows, tensor.Width];
        if (tensor.Kind == TensorKind.Text)
        {
            return OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        }

        fixed (byte* start = buffer)
        {
            return OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, TypeOf(tensor.Kind), shape, (nint)start, (long)rows * tensor.Width * TensorKinds.BytesOf(tensor.Kind));
        }
    }

    private static TensorElementType TypeOf(TensorKind kind) => kind switch
    {
        TensorKind.Float => TensorElementType.Float,
        TensorKind.Double => TensorElementType.Double,
        TensorKind.Int64 => TensorElementType.Int64,
        TensorKind.Int32 => TensorElementType.Int32,
        TensorKind.Boolean => TensorElementType.Bool,
        _ => TensorElementType.String,
    };
}
