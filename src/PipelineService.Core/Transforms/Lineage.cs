using System.Diagnostics;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Transforms;

/// <summary>The last two columns of a row that can be traced: <c>_job_id uuid</c> and <c>_record bigint</c>.</summary>
internal sealed class Lineage
{
    private readonly byte[]? _jobId;

    public Lineage(RowPlan plan, Guid jobId)
    {
        if (plan.Definition.Load.Lineage)
        {
            // PostgreSQL stores a uuid in the order in which it is written; Guid's own order is mixed.
            _jobId = jobId.ToByteArray(bigEndian: true);
        }

        int columns = _jobId is null ? 0 : 2;
        Debug.Assert(plan.ColumnCount == plan.Columns.Length + columns, "The plan counts these columns.");
    }

    /// <summary>Writes the two columns, or nothing when the dataset has none.</summary>
    public void Write(RowBuffer rows, long record)
    {
        if (_jobId is not null)
        {
            rows.WriteBytesField(_jobId);
            rows.WriteInt64Field(record);
        }
    }
}
