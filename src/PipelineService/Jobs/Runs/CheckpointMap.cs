using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Spool;

namespace PipelineService.Jobs.Runs;

/// <summary>Records by their numbers.</summary>
/// <param name="First">1-based.</param>
/// <param name="End">The number after the last one.</param>
public readonly record struct RecordRange(long First, long End);

/// <summary>What the checkpoints of a job say: what is covered, and which ranges are left.</summary>
public static class CheckpointMap
{
    public static RecordCounts CountsOf(IEnumerable<Checkpoint> checkpoints) =>
        checkpoints.Aggregate(default(RecordCounts), (sum, c) => sum + c.Counts);

    public static long BytesOf(IEnumerable<Checkpoint> checkpoints) => checkpoints.Sum(c => c.EndOffset - c.StartOffset);

    /// <summary>The records that no checkpoint covers: the gaps between them, and the open end.</summary>
    /// <param name="checkpoints">Ordered by offset, and so by record.</param>
    public static IReadOnlyList<RecordRange> UncoveredRecords(IEnumerable<Checkpoint> checkpoints)
    {
        List<RecordRange> ranges = [];
        long next = 1;
        foreach (Checkpoint checkpoint in checkpoints)
        {
            if (checkpoint.FirstRecord > next)
            {
                ranges.Add(new RecordRange(next, checkpoint.FirstRecord));
            }

            next = checkpoint.FirstRecord + checkpoint.Read;
        }

        ranges.Add(new RecordRange(next, long.MaxValue));
        return ranges;
    }

    /// <summary>The gaps between the checkpoints, and the open end.</summary>
    /// <param name="checkpoints">Ordered by offset, not overlapping.</param>
    /// <param name="start">Where the records start: after a byte order mark and a header.</param>
    public static IReadOnlyList<UncoveredRange> Uncovered(
        IEnumerable<Checkpoint> checkpoints, long start, ChunkPosition position)
    {
        List<UncoveredRange> ranges = [];
        long offset = start;
        foreach (Checkpoint checkpoint in checkpoints)
        {
            if (checkpoint.StartOffset > offset)
            {
                ranges.Add(new UncoveredRange(offset, checkpoint.StartOffset, position));
            }

            offset = checkpoint.EndOffset;
            position = new ChunkPosition(
                checkpoint.FirstRecord + checkpoint.Read, checkpoint.FirstLine + checkpoint.Lines);
        }

        ranges.Add(new UncoveredRange(offset, End: null, position));
        return ranges;
    }
}
