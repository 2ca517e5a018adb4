using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;

namespace PipelineService.Write;

/// <summary>What Write takes in: a chunk whose records have become rows and rejects.</summary>
/// <param name="Load">The load that it belongs to.</param>
/// <param name="Turn">When it may be written.</param>
/// <param name="Extent">Where it lies in the upload: what its checkpoint covers.</param>
/// <param name="Bytes">As they came: dead letters keep their records.</param>
/// <param name="Workspace">Holds the rows and the rejects.</param>
/// <param name="Read">Records in it.</param>
/// <param name="Answers">What services have answered to its records; null where none was asked. Asked again, they might answer otherwise.</param>
public sealed record TransformedChunk(
    JobLoad Load, Turn Turn, ChunkExtent Extent, ReadOnlyMemory<byte> Bytes, TransformWorkspace Workspace, int Read,
    ChunkAnswers? Answers = null);
