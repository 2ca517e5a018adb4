using System.Collections.Immutable;

namespace PipelineService.Core.Scoring;

/// <summary>A tensor that a model takes or gives: a row of it belongs to a record.</summary>
/// <param name="Name">What the model calls it.</param>
/// <param name="Kind">What its values are.</param>
/// <param name="Width">Values of a row.</param>
/// <param name="IsFlat">Whether its shape is [N], where there is one value a row, and not [N, 1].</param>
public sealed record ModelTensor(string Name, TensorKind Kind, int Width, bool IsFlat)
{
    /// <summary>How messages tell of it: <c>"x" (float [N, 8])</c>.</summary>
    public override string ToString() => $"\"{Name}\" ({TensorKinds.WordOf(Kind)} {(IsFlat ? "[N]" : $"[N, {Width}]")})";
}

/// <summary>What a model takes of a record, and what it gives for it.</summary>
/// <param name="Inputs">In the model's order.</param>
/// <param name="Outputs">In the model's order.</param>
/// <param name="Features">
/// What the values of its only input are called, in their order, where the model says it (<c>feature_names</c> among its metadata); else none.
/// </param>
public sealed record ModelSignature(
    ImmutableArray<ModelTensor> Inputs, ImmutableArray<ModelTensor> Outputs, ImmutableArray<string> Features)
{
    /// <summary>Values of a record that a model may take, and that it may give, at most.</summary>
    public const int WidthMax = 4_096;

    /// <summary>Bytes that the rows of a block take at most.</summary>
    private const int BlockBytesMax = 8 << 20;

    /// <summary>
    /// Rows that a model may be given at once. No other number is ever used: a model was tried with each of them before it was taken, so
    /// that nothing that depends on how many there are is met for the first time in a load.
    /// </summary>
    private static readonly ImmutableArray<int> Sizes = [1, 16, 64, 256, 1_024, 2_048, 4_096, 8_192];

    /// <summary>Rows that this model is given at once: the least first.</summary>
    public ImmutableArray<int> BlockSizes
    {
        get
        {
            long bytes = Inputs.Concat(Outputs).Sum(tensor => (long)tensor.Width * Math.Max(TensorKinds.BytesOf(tensor.Kind), sizeof(long)));
            return [.. Sizes.Where(size => size == 1 || size * bytes <= BlockBytesMax)];
        }
    }
}
