using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;

namespace PipelineService.Intake;

/// <summary>
/// What an upload is answered whose <c>Idempotency-Key</c> another job has: that job, when it was made from the same
/// bytes and its end is the truth about them; else a refusal that says what to do.
/// </summary>
internal static class KeyReplay
{
    /// <param name="earlier">The job that has the key, and does not let go of it.</param>
    /// <param name="sha256">Of the bytes that came now, lower-case hexadecimal.</param>
    /// <param name="version">The dataset's version now.</param>
    /// <param name="replaces">The job that the upload is to replace now.</param>
    /// <exception cref="UploadRefusedException">The key stands for other bytes, or for a job that is no answer.</exception>
    public static JobRow Of(JobRow earlier, string sha256, int version, Guid? replaces)
    {
        if (earlier.JobState == JobState.Cancelled)
        {
            throw new UploadRefusedException(UploadProblems.CancelledBefore(earlier.Id));
        }

        if (earlier.UploadSha256 is not { } known)
        {
            // It still arrives, so nothing is known about its bytes.
            throw new UploadRefusedException(UploadProblems.KeyInUse);
        }

        if (Convert.ToHexStringLower(known) != sha256)
        {
            throw new UploadRefusedException(UploadProblems.KeyReused(earlier.Id));
        }

        if (earlier.Replaces != replaces)
        {
            throw new UploadRefusedException(UploadProblems.KeyOfAnotherCall(earlier.Id));
        }

        bool hasFailed = earlier.JobState == JobState.Failed;
        return hasFailed && earlier.DatasetVersion < version
            ? throw new UploadRefusedException(UploadProblems.RowsKept(earlier.Id, earlier.RecordsLoaded))
            : hasFailed ? WithAdvice(earlier) : earlier;
    }

    /// <summary>A failure that is told a second time says so, and how the upload can be loaded after all.</summary>
    private static JobRow WithAdvice(JobRow failed)
    {
        Problem error = Faults.FromJson(failed.Error!);
        string advice = failed.RecordsLoaded > 0
            ? $"{failed.RecordsLoaded} records of it have landed: revert the job, then it is loaded again under this key."
            : "It is loaded again under this key when the dataset has a new version, or under another key.";
        return failed with
        {
            Error = Faults.ToJson(
                error with { Detail = $"{error.Detail} This is what became of the upload when it came first. {advice}" }),
        };
    }
}
