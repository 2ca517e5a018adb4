using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>What is left to load after a crash, by the checkpoints that were committed.</summary>
public sealed class CheckpointMapTests
{
    private const long Start = 10;

    private static readonly ChunkPosition First = new(1, 2);

    [Fact]
    public void Without_checkpoints_everything_is_left() =>
        Assert.Equal([new UncoveredRange(Start, null, First)], CheckpointMap.Uncovered([], Start, First));

    [Fact]
    public void After_checkpoints_without_a_gap_the_rest_is_left() =>
        Assert.Equal(
            [new UncoveredRange(50, null, new ChunkPosition(8, 11))],
            CheckpointMap.Uncovered([Covers(10, 30, 1, 2, 3, 4), Covers(30, 50, 4, 6, 4, 5)], Start, First));

    [Fact]
    public void Gaps_are_left_with_the_numbers_of_what_comes_before_them() =>
        Assert.Equal(
            [
                new UncoveredRange(10, 20, First),
                new UncoveredRange(40, 60, new ChunkPosition(9, 10)),
                new UncoveredRange(70, null, new ChunkPosition(16, 18)),
            ],
            CheckpointMap.Uncovered([Covers(20, 40, 4, 5, 5, 5), Covers(60, 70, 14, 15, 2, 3)], Start, First));

    [Fact]
    public void A_checkpoint_of_blank_lines_moves_lines_but_not_records() =>
        Assert.Equal(
            [new UncoveredRange(14, null, new ChunkPosition(1, 6))],
            CheckpointMap.Uncovered([Covers(10, 14, 1, 2, 0, 4)], Start, First));

    [Fact]
    public void Counts_and_bytes_are_the_sums()
    {
        Checkpoint[] checkpoints = [new(0, 10, 1, 1, 3, 3, 1, 2, 0), new(20, 25, 9, 9, 4, 4, 4, 0, 0)];

        Assert.Equal(new RecordCounts(7, 5, 2, 0), CheckpointMap.CountsOf(checkpoints));
        Assert.Equal(15, CheckpointMap.BytesOf(checkpoints));
    }

    private static Checkpoint Covers(long start, long end, long record, long line, long records, long lines) =>
        new(start, end, record, line, lines, Read: records, Loaded: records, Rejected: 0, Filtered: 0);
}
