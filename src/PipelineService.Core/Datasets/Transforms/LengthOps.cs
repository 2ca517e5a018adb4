using System.Text;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Cuts longer texts at their end, and counts them.</summary>
public sealed record TruncateOp : TransformOp
{
    public override string Word => "truncate";

    /// <summary>Code points that stay.</summary>
    public int Length { get; init; }
}

/// <summary>Fills shorter texts up.</summary>
public sealed record PadOp : TransformOp
{
    /// <summary>Longer texts than this are made by nobody who fills up.</summary>
    public const int LengthMax = 1_000;

    public override string Word => "pad";

    /// <summary>Code points that there are at least, afterwards.</summary>
    public int Length { get; init; }

    public PadSide Side { get; init; }

    public Rune Character { get; init; } = new(' ');
}

/// <summary>Where a <see cref="PadOp"/> puts what is missing.</summary>
public enum PadSide
{
    /// <summary>Before the text.</summary>
    Start,

    /// <summary>Behind it.</summary>
    End,
}
