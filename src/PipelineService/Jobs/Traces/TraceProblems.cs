using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Traces;

/// <summary>Why a record cannot be told of.</summary>
internal static class TraceProblems
{
    public static Problem NoNumber(string text) => NotFound(
        $"\"{Excerpt.Of(text)}\" is no number of a record: a whole number from 1 on, as _record of its row and record of its dead letter "
        + "say it.");

    /// <summary>Of a job of which no checkpoint has the record, and no dead letter.</summary>
    public static Problem Of(JobRow job, long record)
    {
        JobState state = job.JobState;
        string number = string.Create(CultureInfo.InvariantCulture, $"{record}");
        return state switch
        {
            JobState.Receiving or JobState.Queued when job.RecordsRead == 0 => NotYet($"It is {state.ToText()}: no record was read yet."),
            _ when !state.IsFinal() => NotYet(
                $"It is {state.ToText()}, and record {number} is not committed yet. With load.commit \"job\" no record is before the end."),
            JobState.Failed or JobState.Cancelled => NotFound(string.Create(
                CultureInfo.InvariantCulture,
                $"The job is {state.ToText()}, and nothing of record {number} was kept: of such a job what was committed before is known, "
                + $"and its {job.RecordsRejected} rejected records (GET /v1/jobs/{job.Id}/dead-letters).")),
            _ when job.RecordsRead == 0 => NotFound("The upload of the job has no records."),
            _ => NotFound(string.Create(
                CultureInfo.InvariantCulture, $"The upload of the job has records 1 to {job.RecordsRead}, and none of number {number}.")),
        };
    }

    private static Problem NotFound(string detail) => new()
    {
        Code = "record_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "The job has no such record.",
        Detail = detail,
    };

    private static Problem NotYet(string detail) => new()
    {
        Code = "record_not_settled",
        Status = StatusCodes.Status409Conflict,
        Title = "What becomes of the record is not settled yet.",
        Detail = $"{detail} Ask again when the job has ended (GET /v1/jobs/…, Prefer: wait=30).",
        RetryAfterSeconds = 5,
    };

    /// <summary>For the document.</summary>
    public static Problem NotFoundExample { get; } = NotFound("The upload of the job has records 1 to 5000, and none of number 5001.");

    /// <summary>For the document.</summary>
    public static Problem NotYetExample { get; } = NotYet("It is queued: no record was read yet.");
}
