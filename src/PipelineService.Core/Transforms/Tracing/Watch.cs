namespace PipelineService.Core.Transforms.Tracing;

/// <summary>
/// Whether a run over a chunk is watched, as a type: one that is not watched is compiled for itself, and nothing of the watching is in
/// it. So one code loads records and tells what it does to them.
/// </summary>
internal interface IWatch
{
    /// <summary>A constant to the compiler.</summary>
    static abstract bool IsOn { get; }
}

/// <summary>Nobody watches: every load.</summary>
internal readonly struct Unwatched : IWatch
{
    public static bool IsOn => false;
}

/// <summary>A <see cref="RecordTrace"/> watches one record; the others are passed over.</summary>
internal readonly struct Watched : IWatch
{
    public static bool IsOn => true;
}
