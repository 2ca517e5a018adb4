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
        Detail = $"No job has the id \"{id}\". Ids are UUIDs, as the answer to the upload gave them.",
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
    };

    public static Problem RevertRefused(string reason, string sqlState) => new()
    {
        Code = "revert_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The rows of the job cannot be removed.",
        Detail = $"PostgreSQL says: {reason} (SQLSTATE {sqlState}). Nothing was removed.",
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

    public static Problem MalformedQuery(string parameter) => Problem.MalformedQuery(
        new Dictionary<string, string[]> { [$"/{parameter}"] = ["It is out of range."] });
}
