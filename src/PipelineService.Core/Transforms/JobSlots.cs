using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms;

/// <summary>Gives the slots of a worker what is known beside the fields: <see cref="JobFacts"/> and the number of the record.</summary>
internal sealed class JobSlots(JobFacts job, int fields)
{
    private readonly TextSlice _jobId = TextSlice.Of(job.JobId.ToString("D"));
    private readonly TextSlice? _source = job.Source is string source ? TextSlice.Of(source) : null;
    private readonly long? _receivedAt = job.ReceivedAt is DateTime time ? (time - Epoch).Ticks / TimeSpan.TicksPerMicrosecond : null;

    /// <summary>PostgreSQL's.</summary>
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Once for each run over a chunk: the worker may have had another job's before.</summary>
    public void Prepare(RecordSlots slots)
    {
        slots.Prepare(fields);
        slots.SetText(RecordSlots.JobId, _jobId);
        if (_source is TextSlice source)
        {
            slots.SetText(RecordSlots.Source, source);
        }

        if (_receivedAt is long receivedAt)
        {
            slots.SetWord(RecordSlots.ReceivedAt, receivedAt);
        }
    }

    /// <summary>Begins the next record.</summary>
    /// <param name="slots">Those of the worker.</param>
    /// <param name="record">1-based number of the record in the upload.</param>
    public static void Begin(RecordSlots slots, long record)
    {
        slots.Clear();
        slots.SetWord(RecordSlots.Record, record);
    }
}
