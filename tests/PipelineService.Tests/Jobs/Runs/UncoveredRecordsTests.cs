using CsCheck;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;

namespace PipelineService.Tests.Jobs.Runs;

public sealed class UncoveredRecordsTests
{
    /// <summary>Runs of records, each committed or not.</summary>
    private static readonly Gen<(int Records, bool IsCovered)[]> Runs = Gen.Select(Gen.Int[1, 5], Gen.Bool).Array[0, 12];

    [Fact]
    public void Every_record_is_in_a_checkpoint_or_in_one_uncovered_range() => Runs.Sample(runs =>
    {
        List<Checkpoint> checkpoints = [];
        List<bool> isCovered = [];
        foreach ((int records, bool covered) in runs)
        {
            if (covered)
            {
                checkpoints.Add(new Checkpoint(0, 0, isCovered.Count + 1, 0, 0, records, records, 0, 0));
            }

            isCovered.AddRange(Enumerable.Repeat(covered, records));
        }

        IReadOnlyList<RecordRange> uncovered = CheckpointMap.UncoveredRecords(checkpoints);

        Assert.Equal(
            isCovered.Append(false).Select(covered => covered ? 0 : 1),
            Enumerable.Range(1, isCovered.Count + 1).Select(record => uncovered.Count(r => record >= r.First && record < r.End)));
        Assert.Equal(long.MaxValue, uncovered[^1].End);
    });
}
