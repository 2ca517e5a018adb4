using PipelineService.Core.Encoding;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>How many records of a chunk were rejected for what.</summary>
internal static class ChunkRejects
{
    /// <param name="refused">Its rows that the database refused.</param>
    public static RejectTally Count(TransformedChunk chunk, IReadOnlyList<RejectedRow> refused)
    {
        RejectTally tally = new();
        foreach (Reject reject in chunk.Workspace.Rejects.Rejects)
        {
            Count(chunk.Workspace.Rejects.ErrorsOf(reject), chunk.Load.Plan.Rows, tally);
            if (reject.ErrorsUntold > 0)
            {
                tally.Add(RecordErrorCode.MoreErrors, field: null);
            }
        }

        foreach (RejectedRow row in refused)
        {
            tally.Add(row.Code, row.Column);
        }

        return tally;
    }

    private static void Count(ReadOnlySpan<RecordError> errors, RowPlan rows, RejectTally tally)
    {
        for (int i = 0; i < errors.Length; i++)
        {
            RecordError error = errors[i];
            if (!HasSame(errors[..i], error))
            {
                string? field = error.Column == RecordError.WholeRecord ? null : rows.Columns[error.Column].Field.Name;
                tally.Add(RecordReason.CodeOf(error, rows), field);
            }
        }
    }

    /// <summary>Whether there is one of the same code and field; codes of the definition's own belong to their op.</summary>
    private static bool HasSame(ReadOnlySpan<RecordError> errors, RecordError other)
    {
        foreach (RecordError error in errors)
        {
            if (error.Column == other.Column && error.Code == other.Code
                && (!(error.Code == RecordErrorCode.Require || RecordErrorCodes.IsOfAnswer(error.Code)) || error.Op == other.Op))
            {
                return true;
            }
        }

        return false;
    }
}
