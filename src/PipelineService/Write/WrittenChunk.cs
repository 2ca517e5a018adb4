using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Jobs;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;

namespace PipelineService.Write;

/// <summary>
/// A chunk whose rows have landed in an open transaction: what its checkpoint says, and what it takes to write it a second time
/// if a savepoint in front of it is rolled back.
/// </summary>
public sealed record WrittenChunk
{
    public required ChunkExtent Extent { get; init; }

    public required RecordCounts Counts { get; init; }

    /// <summary>What the dataset's transforms did.</summary>
    public IReadOnlyList<OpCount> Ops { get; init; } = [];

    /// <summary>0-based indexes of its rows that the table refused, ascending.</summary>
    public IReadOnlyList<int> Refused { get; init; } = [];

    /// <summary>Those of them that wait for the rest of the job.</summary>
    public IReadOnlyList<int> Waiting { get; init; } = [];

    /// <summary>What services have answered to its records; null where none was asked.</summary>
    public ChunkAnswers? Answers { get; init; }

    /// <summary>Those of its rows that lack what a service should have given them.</summary>
    public IReadOnlyList<RecordGap> Gaps { get; init; } = [];

    /// <summary>The statements that belong to its rows: what became of this range, and what its rows lack.</summary>
    public NpgsqlBatchCommand[] Statements(JobLoadPlan plan) =>
        Gaps.Count == 0 ? [Checkpoint(plan)] : [Checkpoint(plan), ChunkGaps.Insert(plan.JobId, Gaps)];

    private NpgsqlBatchCommand Checkpoint(JobLoadPlan plan) => new(WriteSql.InsertCheckpoint)
    {
        Parameters =
        {
            new() { Value = plan.JobId },
            new() { Value = Extent.StartOffset },
            new() { Value = Extent.EndOffset },
            new() { Value = Extent.Position.FirstRecord },
            new() { Value = Extent.Position.FirstLine },
            new() { Value = Extent.Lines },
            new() { Value = Counts.Read },
            new() { Value = Counts.Loaded },
            new() { Value = Counts.Rejected },
            new() { Value = Counts.Filtered },
            new() { Value = plan.Epoch },
            new() { Value = (object?)OpCounts.ToJson(Ops) ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Jsonb },
        },
    };
}

/// <summary>Transforms a chunk a second time, from where it came, into a workspace.</summary>
public delegate Task ReadAgain(
    ChunkTransform transform, ChunkExtent extent, ChunkAnswers? answers, TransformWorkspace into,
    CancellationToken cancellationToken);
