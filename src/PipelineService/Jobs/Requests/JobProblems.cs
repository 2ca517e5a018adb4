using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Requests;

/// <summary>Every problem that the calls on jobs answer with.</summary>
public static class JobProblems
{
    public static Problem NotFound(string id) => new()
    {
        Code = "job_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such job.",
        Detail = $"No job has the id \"{Core.Rules.Excerpt.Of(id)}\". Ids are UUIDs, as the answer to the upload gave them.",
    };

    public static Problem IsCommitting { get; } = new()
    {
        Code = "job_committing",
        Status = StatusCodes.Status409Conflict,
        Title = "The job is committing and can only go forward.",
        Detail = "Part of its rows is committed already. Wait for its end, then revert it.",
    };

    public static Problem NoLineage { get; } = new()
    {
        Code = "no_lineage",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of this job cannot be told apart.",
        Detail = "The dataset was declared with load.lineage false, so nothing says which rows the job loaded.",
    };

    public static Problem TableIsHeld(string table) => new()
    {
        Code = "table_busy",
        Status = StatusCodes.Status409Conflict,
        Title = "Someone else is using the table.",
        Detail = $"A load, another revert or another transaction holds table {table} or rows of the job. Nothing was removed; try again.",
        RetryAfterSeconds = 5,
    };

    /// <param name="reason">A sentence.</param>
    public static Problem RevertRefused(string reason) => new()
    {
        Code = "revert_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the job cannot be removed.",
        Detail = $"{reason} Nothing was removed.",
    };

    /// <summary>The rows that a job has taken the place of cannot be brought back.</summary>
    /// <param name="former">The job that had loaded them; null where they were nobody's that is known.</param>
    /// <param name="isKept">Whether its upload is kept.</param>
    public static Problem FormerRowsGone(Guid? former, bool isKept) => new()
    {
        Code = "former_rows_gone",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows that were there before are kept no longer.",
        Detail = (former, isKept) switch
        {
            ({ } job, true) => $"Job {job} had loaded them, and its upload is kept: POST /v1/jobs/{job}/rerun loads it once "
                + "more, in the place of "
                + "those that are there. Nothing was removed.",
            ({ } job, false) => $"Job {job} had loaded them: send its data once more, which takes the place of what is there. "
                + "Nothing was removed. "
                + "To have uploads kept for that, declare the dataset with load.keepUpload; with a \"lookup\" the rows before "
                + "the last are kept.",
            _ => "They were not loaded by an upload that replaced all rows. Send what is to be there as an upload. Nothing was removed.",
        },
    };

    /// <summary>Rows have come to a table that is replaced as a whole which are not those of its job.</summary>
    public static Problem RowsOfOthers(string table) => new()
    {
        Code = "revert_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the job cannot be removed.",
        Detail = $"Table {table} has other rows than those that the job has loaded, which would go as well. Remove them, or "
            + "send what is to be "
            + "there as an upload. Nothing was removed.",
    };

    public static Problem IsBeingReplaced(Guid job) => new()
    {
        Code = "job_being_replaced",
        Status = StatusCodes.Status409Conflict,
        Title = "Another job is about to take the place of this one.",
        Detail = $"An upload that replaces job {job}, or a re-run of it, is being loaded. Wait for its end: if it fails, "
            + $"job {job} is as it was.",
    };

    public static Problem IsReverted(Guid job) => new()
    {
        Code = "job_reverted",
        Status = StatusCodes.Status409Conflict,
        Title = "The job has no rows to be replaced.",
        Detail = $"Job {job} was reverted, or replaced before: its rows are gone. Send the data as an upload of its own, or replace the job "
            + "that has taken its place (replacedBy).",
    };

    public static Problem IsOfAnotherDataset(Guid job, string dataset) => new()
    {
        Code = "job_of_another_dataset",
        Status = StatusCodes.Status409Conflict,
        Title = "The job belongs to another dataset.",
        Detail = $"Job {job} has loaded data of dataset '{dataset}'. Send the upload to that one: "
            + $"POST /v1/datasets/{dataset}/uploads?replaces={job}.",
    };

    public static Problem UploadNotKept(Guid job) => new()
    {
        Code = "upload_not_kept",
        Status = StatusCodes.Status409Conflict,
        Title = "The bytes of the upload are not there any more.",
        Detail = $"Nothing keeps the upload of job {job}: send it again with ?replaces={job}. To have the next ones kept, declare the dataset "
            + "with load.keepUpload, for example \"P7D\".",
    };

    /// <summary>It could be replaced when that was asked for, and cannot now.</summary>
    public static Problem NoLongerReplaceable(Guid job) => new()
    {
        Code = "job_being_replaced",
        Status = StatusCodes.Status409Conflict,
        Title = "Another has been faster to replace the job.",
        Detail = $"Job {job} was reverted, replaced or deleted meanwhile, or is being replaced, or its upload has gone. Look at it "
            + $"(GET /v1/jobs/{job}) and decide anew; nothing of this was loaded.",
    };

    /// <summary>Nobody has to decide on it, or somebody has decided otherwise.</summary>
    public static Problem NotHeld(Guid job) => new()
    {
        Code = "job_not_held",
        Status = StatusCodes.Status409Conflict,
        Title = "There is nothing to decide on the job.",
        Detail = $"Job {job} does not wait for approval, or somebody has decided otherwise meanwhile: its state, waitingFor and quality say "
            + "which.",
    };

    public static Problem NoProfile(Guid job) => new()
    {
        Code = "no_profile",
        Status = StatusCodes.Status409Conflict,
        Title = "Nobody has counted what the rows of the job are like.",
        Detail = $"The dataset of job {job} was declared without \"profile\": true and without quality rules, or the job has not ended, or "
            + "has failed before all of its rows were seen.",
    };

    public static Problem IsFinal(JobState state) => new()
    {
        Code = "job_final",
        Status = StatusCodes.Status409Conflict,
        Title = "The job has ended.",
        Detail = $"It is {state.ToText()}; there is nothing to cancel. A revert removes the rows that it loaded.",
    };

    public static Problem IsNotFinal(JobState state) => new()
    {
        Code = "job_not_final",
        Status = StatusCodes.Status409Conflict,
        Title = "The job has not ended.",
        Detail = $"It is {state.ToText()}. Wait for its end, or cancel it.",
    };
}
