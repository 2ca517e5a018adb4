using System.Text.Json;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Spool;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>Why jobs fail: one table of codes, titles and statuses.</summary>
internal static class Faults
{
    /// <summary>
    /// Characters of a text that a reason keeps. What comes from outside is cut where it is quoted; this is for the
    /// rest.
    /// </summary>
    private const int TextLengthMax = 4_000;

    /// <summary>
    /// The form in which a job row keeps its reason. Whatever it quotes can be written: jsonb holds no U+0000, and an
    /// end that cannot be written would never be reached.
    /// </summary>
    public static string ToJson(Problem problem) => JsonSerializer.Serialize(
        problem with
        {
            Detail = Storable(problem.Detail),
            Errors = problem.Errors?.ToDictionary(
                error => Storable(error.Key), error => error.Value.Select(Storable).ToArray()),
        },
        PipelineJson.Options);

    public static Problem FromJson(string error) => JsonSerializer.Deserialize<Problem>(error, PipelineJson.Options)!;

    /// <summary>How a job ends that has such a reason: one that was outdone has not failed.</summary>
    public static JobState StateOf(Problem problem) =>
        problem.Code == TargetProblems.SupersededCode ? JobState.Cancelled : JobState.Failed;

    public static Problem RejectLimit(RejectLimitException error) => new()
    {
        Code = "reject_limit_reached",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "More records were rejected than the dataset allows.",
        Detail = $"{error.Message} The dead letters say what was wrong with each; mend the data, or raise `rejects`.",
    };

    /// <summary>Names the files and not their folder: clients read it, and the operator knows where the spool is.</summary>
    public static Problem SpoolDamaged(SpoolDamagedException error, Guid upload) => new()
    {
        Code = "spool_damaged",
        Status = StatusCodes.Status500InternalServerError,
        Title = "The stored upload is not what was received.",
        Detail = $"{error.Message} Nothing of it is loaded from here on; send it again. "
            + $"What is left of it is set aside in the spool as {upload:D}.*.damaged.",
    };

    /// <summary>Not a failure: the data is the other job's.</summary>
    public static Problem Replayed(JobRow first) => new()
    {
        Code = "upload_replayed",
        Status = StatusCodes.Status409Conflict,
        Title = "The upload was sent before, under the same Idempotency-Key.",
        Detail = $"Job {first.Id} ({first.State}) was made from the same bytes; follow that one. "
            + "Nothing was loaded a second time. It could not be said at once, because the database could not be asked.",
    };

    public static Problem KeyReused(Guid first) => new()
    {
        Code = "idempotency_key_reused",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The Idempotency-Key was used for other data.",
        Detail = $"Job {first} was made under this key from other bytes. Nothing of this upload was loaded; "
            + "send it under a new key. It could not be said at once, because the database could not be asked.",
    };

    public static Problem Poisoned(int attempts) => new()
    {
        Code = "attempts_exhausted",
        Status = StatusCodes.Status500InternalServerError,
        Title = "The job ended the process that ran it, again and again.",
        Detail = $"It was tried {attempts} times, the last time with no other job beside it. "
            + "It is given up so that other jobs are not harmed; the log of the service says more.",
    };

    public static Problem TooSlow(TimeSpan limit, int tries) => new()
    {
        Code = "target_too_slow",
        Status = StatusCodes.Status409Conflict,
        Title = "The table takes rows too slowly.",
        Detail = $"PostgreSQL did not load a chunk within the time limit of {limit:c} (Write:ChunkTimeout), "
            + $"{tries} times in a row, and nothing more was loaded meanwhile. "
            + "A trigger, an index or a constraint of the table may be slow: mend it or raise the limit, and send the upload again.",
    };

    public static Problem TableHeld(string reason, TimeSpan limit) => new()
    {
        Code = "target_held",
        Status = StatusCodes.Status409Conflict,
        Title = "Someone else held the table for too long.",
        Detail = $"The table, or rows of it, could not be had within the time limit of {limit:c} (Jobs:TableWaitMax). "
            + $"PostgreSQL says: {reason} Send the upload again when the table is free.",
    };

    /// <summary>In place of a reason that PostgreSQL did not take.</summary>
    public static Problem Unwritable(PostgresException error) => new()
    {
        Code = "internal_error",
        Status = StatusCodes.Status500InternalServerError,
        Title = "The job failed for a reason inside the service.",
        Detail = $"Why it failed could not be written to its row (SQLSTATE {error.SqlState}); the log of the service says more.",
    };

    public static Problem Internal(Exception error) => new()
    {
        Code = "internal_error",
        Status = StatusCodes.Status500InternalServerError,
        Title = "The job failed for a reason inside the service.",
        Detail = $"It was tried several times and failed each time ({error.GetType().Name}); the log of the service says more.",
    };

    /// <summary>What text from outside becomes in a row: text and jsonb hold no U+0000.</summary>
    public static string Storable(string text) => Excerpt.Cut(text, TextLengthMax).Replace('\0', '\uFFFD');
}
