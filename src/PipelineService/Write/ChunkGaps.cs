using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>What the rows of a chunk lack because a service gave no answer: written with the rows, so that it is known of each or of none.</summary>
internal static class ChunkGaps
{
    /// <summary>Gaps of records that became rows, those included that wait for others of their job.</summary>
    public static IReadOnlyList<RecordGap> Of(TransformWorkspace workspace, RowOutcome rows)
    {
        if (workspace.Gaps.Count == 0)
        {
            return [];
        }

        HashSet<long> landed = new(workspace.Rows.Count);
        foreach (RowMark row in workspace.Rows.Marks)
        {
            landed.Add(row.Record);
        }

        HashSet<int> waiting = [.. rows.Waiting.Select(row => row.Index)];
        foreach (RejectedRow refused in rows.Refused.Where(row => !waiting.Contains(row.Index)))
        {
            landed.Remove(workspace.Rows.Marks[refused.Index].Record);
        }

        return [.. workspace.Gaps.Where(gap => landed.Contains(gap.Record)).DistinctBy(gap => (gap.Record, gap.Op))];
    }

    public static NpgsqlBatchCommand Insert(Guid job, IReadOnlyList<RecordGap> gaps) => new(WriteSql.InsertGaps)
    {
        Parameters =
        {
            new() { Value = job },
            new() { Value = gaps.Select(gap => gap.Record).ToArray() },
            new() { Value = gaps.Select(gap => (short)gap.Op).ToArray() },
            new() { Value = gaps.Select(gap => RecordErrorCodes.NameOf(gap.Reason)).ToArray() },
        },
    };
}
