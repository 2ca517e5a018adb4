using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs;

namespace PipelineService.Intake;

/// <summary>The call that everything begins with: a body of data, answered with a job.</summary>
public static class UploadEndpoints
{
    private static readonly TimeSpan HangUpAfter = TimeSpan.FromMilliseconds(500);

    private static readonly AnswerHeader ReplayedHeader = new(
        "Idempotency-Replayed", "That an earlier upload under this key made the job.", Shapes.Always("true"), IsAlways: false);

    private static readonly AnswerHeader AppliedHeader = new(
        "Preference-Applied", "That `Prefer: wait` was heeded.", Shapes.Text, IsAlways: false);

    public static IEndpointRouteBuilder MapUploads(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/datasets/{dataset}/uploads", UploadAsync)
            .WithName("createUpload").WithTags(DocumentTags.Uploads).WithSummary("Upload data for a dataset")
            .WithDescription("The body is the data, streamed, of any size. The answer comes when every byte is durable.")
            .Takes(
                DatasetName.Shown,
                new ShownParameter("source", "Who sends: a label on the job, and in the metrics.", Shapes.TextOf(1, UploadRequest.SourceLengthMax)))
            .HeedsHeaders(
                new ShownParameter(
                    "Idempotency-Key",
                    "1 to 255 visible ASCII characters. The same key with the same bytes for the same dataset is "
                    + "the same upload: its job is the answer, with `Idempotency-Replayed: true`; other bytes are refused with "
                    + "422. A key is known for as long as its job, `Jobs:Retention` after the job's end. It loads again once its "
                    + "job was reverted, or has failed and nothing of it is kept: at once when the service or the table was at "
                    + "fault, and under a new version of the dataset when the data was.",
                    Shapes.TextOf(1, UploadRequest.KeyLengthMax, "^[!-~]+$")),
                ("Prefer", "`wait=N` answers when the job is final, after at most N seconds (RFC 7240)."),
                ("Content-Digest", "`sha-256=:BASE64:` of the body (RFC 9530); nothing is kept when it does not match."),
                ("Repr-Digest", "As `Content-Digest`."))
            .AcceptsStream("The data: delimited text or one JSON object a line.", UploadRequest.ContentTypes)
            .Produces<JobView>(StatusCodes.Status202Accepted).Produces<JobView>()
            .ProducesProblems([.. UploadRefusal.Examples.Select(r => r.ToProblem())])
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
            .Answers(JobEndpoints.UntilFinal, StatusCodes.Status202Accepted)
            .Answers(ReplayedHeader, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
            .Answers(AppliedHeader, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
            .Answers(
                AnswerHeader.RetryAfter.Sometimes("Seconds after which the other upload may have come."),
                StatusCodes.Status409Conflict)
            .Answers(AnswerHeader.RetryAfter, StatusCodes.Status507InsufficientStorage)
            .Answers(
                new AnswerHeader("Accept-Post", "The types that are taken, where the type was at fault.", Shapes.Text, IsAlways: false),
                StatusCodes.Status415UnsupportedMediaType)
            .Answers(
                new AnswerHeader("Accept-Encoding", "The encodings that are taken, where the encoding was at fault.", Shapes.Text, IsAlways: false),
                StatusCodes.Status415UnsupportedMediaType);
        return app;
    }

    private static async Task<IResult> UploadAsync(
        string dataset, string? source, HttpContext context, UploadIntake intake, JobQueries jobs, IOptions<IntakeOptions> options,
        TimeProvider time)
    {
        SetBodyLimits(context, options.Value);
        UploadReceipt receipt;
        UploadRequest request;
        try
        {
            request = UploadRequest.Parse(context.Request);
            receipt = await intake.TakeAsync(dataset, request, context.Request, context.RequestAborted);
        }
        catch (UploadRefusedException e)
        {
            if (e.Refusal == UploadRefusal.ShuttingDown)
            {
                context.Response.OnCompleted(() => HangUpAsync(context, time));
            }

            return e.Refusal.ToResult(context);
        }

        JobRow job = request.Wait is { } wait && !receipt.Job.JobState.IsFinal()
            ? await jobs.WaitAsync(receipt.Job.Id, r => r.JobState.IsFinal(), wait, context.RequestAborted) ?? receipt.Job
            : receipt.Job;
        context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
        if (receipt.IsReplay)
        {
            context.Response.Headers["Idempotency-Replayed"] = "true";
        }

        if (request.Wait is not null)
        {
            context.Response.Headers["Preference-Applied"] = "wait";
        }

        bool isAnswered = job.JobState.IsFinal() && (request.Wait is not null || receipt.IsReplay);
        return JobEndpoints.Answer(context, job, isAnswered ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    /// <summary>
    /// A sender that goes on sending has a moment to read its refusal, then the connection ends. The server would wait for it
    /// until the time of the shutdown is up, and leave none for running jobs to be handed back.
    /// </summary>
    private static async Task HangUpAsync(HttpContext context, TimeProvider time)
    {
        await Task.WhenAny(Task.Delay(HangUpAfter, time, context.RequestAborted));
        context.Abort();
    }

    /// <summary>This body is measured by our own limits: how long it may be, and how slowly it may come.</summary>
    private static void SetBodyLimits(HttpContext context, IntakeOptions options)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null; // counted by the receiver, so that every refusal reads the same
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(options.BodyBytesPerSecondMin, options.BodyRateGrace);
        }
    }
}
