using PipelineService.Core.Datasets;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;

namespace PipelineService.Jobs.Runs;

/// <summary>What becomes of an upload when the job ends that it was sent for: it goes, or is kept for others.</summary>
public sealed class EndedUploads(JobStore store, ISpool spool, UploadConversions conversions)
{
    /// <param name="ended">The job as its end has left it. An upload that it did not bring stays: it is kept by another.</param>
    /// <exception cref="IOException">The spool does not let go of it.</exception>
    /// <exception cref="SpoolUnavailableException">The spool is not there.</exception>
    public async Task ReleaseAsync(JobRow ended)
    {
        if (FormatTable.Of(ended.ContentType) is { IsConverted: true })
        {
            conversions.Discard(ended.Id);
        }

        if (ended.UploadId is null)
        {
            await (ended.UploadKeptUntil is null ? spool.DeleteAsync(ended.Id) : spool.KeepAsync(ended.Id));
        }
    }

    /// <summary>The same for a job that was ended somewhere else, or just now.</summary>
    /// <inheritdoc cref="ReleaseAsync(JobRow)" path="/exception"/>
    public async Task ReleaseAsync(Guid endedJob, CancellationToken cancellationToken)
    {
        if (await store.FindPatientlyAsync(endedJob, cancellationToken) is { FinishedAt: not null } ended)
        {
            await ReleaseAsync(ended);
        }
    }
}
