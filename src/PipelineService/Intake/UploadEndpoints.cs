using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Core.Jobs;
using PipelineService.Core.Datasets;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Intake.Forms;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Tenants;
using Serilog;

namespace PipelineService.Intake;

/// <summary>The call that everything begins with: a body of data, answered with a job.</summary>
public static class UploadEndpoints
{
    private static readonly TimeSpan HangUpAfter = TimeSpan.FromMilliseconds(500);

    public static IEndpointRouteBuilder MapUploads(this IEndpointRouteBuilder api)
    {
        PipelineMetrics metrics = api.ServiceProvider.GetRequiredService<PipelineMetrics>();
        metrics.ExpectRefusals(
            [.. UploadProblems.Examples.Append(DatabaseUnavailableException.Example).Select(refusal => refusal.Code)]);
        api.MapPost("/datasets/{dataset}/uploads", UploadAsync)
            .Audits(AuditActions.Upload)
            .Requires(AccessScope.Ingest, AccessSubject.Dataset)
            .WithMetadata(new ProblemCounter(metrics.UploadRefused))
            .Describe();
        return api;
    }

    private static async Task<IResult> UploadAsync(
        string dataset, string? source, string? replaces, HttpContext context, DatasetCatalog datasets, UploadIntake intake, FormIntake forms,
        JobQueries jobs, CallLimiter limiter, WaitingBytes waiting, IOptions<IntakeOptions> options, IDiagnosticContext requestLine,
        TimeProvider time)
    {
        SetBodyLimits(context, options.Value);
        Caller caller = context.GetCaller();
        UploadReceipt receipt;
        UploadRequest request;
        try
        {
            DatasetVersion version = await FindAsync(datasets, dataset, caller, context.RequestAborted);
            bool isForm = FormReader.IsForm(context.Request);
            request = isForm ? FormIntake.RequestOf(version, context.Request, caller) : await ParseAsync(context, caller, version.Definition);
            RefuseBehindFullQueue(version, waiting, context.Request.ContentLength);
            if (UploadPass.TryBegin(limiter, context, version.Name, out UploadPass pass) is { } limited)
            {
                throw new UploadRefusedException(limited);
            }

            using UploadPass place = pass;
            if (isForm)
            {
                (IReadOnlyList<TakenFile> files, request) = await forms.TakeAsync(version, request, context.Request, context.RequestAborted);
                if (files.Count > 1)
                {
                    return await AnswerAsync(context, files, request, jobs, caller, time);
                }

                receipt = files[0].Receipt;
            }
            else
            {
                receipt = await intake.TakeAsync(version, request, context.Request, context.RequestAborted);
            }
        }
        catch (UploadRefusedException e)
        {
            if (e.Problem == UploadProblems.ShuttingDown)
            {
                context.Response.Headers.Connection = "close"; // the rest of the body is not waited for
                context.Response.OnCompleted(() => HangUpAsync(context, time));
            }

            return e.Problem.ToResult();
        }

        requestLine.Set(LogScopes.Job, receipt.Job.Id);
        TimeSpan? granted = request.Wait is { } asked ? jobs.Granted(asked) : null;
        JobRow job = granted is { } wait && !receipt.Job.JobState.IsFinal()
            ? await jobs.WaitAsync(receipt.Job.Id, caller, r => r.JobState.IsFinal(), wait, context.RequestAborted) ?? receipt.Job
            : receipt.Job;
        context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
        if (receipt.IsReplay)
        {
            context.Response.Headers["Idempotency-Replayed"] = "true";
        }

        PreferHeader.TellApplied(context.Response, granted);
        bool isAnswered = job.JobState.IsFinal() && (granted is not null || receipt.IsReplay);
        return JobEndpoints.Answer(context, job, isAnswered ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private static void RefuseBehindFullQueue(DatasetVersion dataset, WaitingBytes waiting, long? bytes)
    {
        if (waiting.BoundFor(dataset.Tenant, dataset.Name, bytes ?? 0) is { } bound)
        {
            throw new UploadRefusedException(UploadProblems.QueueFull(bound));
        }
    }

    /// <summary>Several files: each has a job, and all are of one batch.</summary>
    private static async Task<IResult> AnswerAsync(
        HttpContext context, IReadOnlyList<TakenFile> files, UploadRequest request, JobQueries jobs, Caller caller, TimeProvider time)
    {
        TimeSpan? granted = request.Wait is { } asked ? jobs.Granted(asked) : null;
        PreferHeader.TellApplied(context.Response, granted);
        long start = time.GetTimestamp();
        List<BatchFileView> shown = [];
        foreach (TakenFile file in files)
        {
            JobRow job = file.Receipt.Job;
            TimeSpan left = (granted ?? TimeSpan.Zero) - time.GetElapsedTime(start);
            if (left > TimeSpan.Zero && !job.JobState.IsFinal())
            {
                job = await jobs.WaitAsync(job.Id, caller, row => row.JobState.IsFinal(), left, context.RequestAborted) ?? job;
            }

            shown.Add(BatchFileView.Of(file with { Receipt = file.Receipt with { Job = job } }));
        }

        Guid? batch = files.Select(file => file.Receipt.Job.Batch).LastOrDefault(known => known is not null);
        if (batch is not null)
        {
            context.Response.Headers.Location = $"/v1/jobs?batch={batch}";
        }

        return TypedResults.Json(new BatchView(batch, shown), PipelineJson.Options, statusCode: StatusCodes.Status207MultiStatus);
    }

    /// <exception cref="UploadRefusedException">The request is not one of an upload into the dataset.</exception>
    private static async Task<UploadRequest> ParseAsync(HttpContext context, Caller caller, DatasetDefinition definition)
    {
        UploadRequest request;
        try
        {
            request = UploadRequest.Parse(context.Request, caller, definition);
        }
        catch (UploadRefusedException e)
        {
            throw await BodyLook.ExplainAsync(e, context.Request, context.RequestAborted);
        }

        await BodyLook.RefuseOtherAsync(context.Request, request, definition, context.RequestAborted);
        return request;
    }

    /// <exception cref="UploadRefusedException">
    /// There is none of this name that the caller may know of, or none that can be told of in an outage.
    /// </exception>
    private static async Task<DatasetVersion> FindAsync(
        DatasetCatalog datasets, string name, Caller caller, CancellationToken cancellationToken)
    {
        try
        {
            return caller.Datasets.Match(name) && await datasets.FindAsync(name, cancellationToken) is { } found
                && caller.Sees(name, found.Tenant)
                ? found
                : throw new UploadRefusedException(DatasetProblems.NotFound(name));
        }
        catch (DatabaseUnavailableException e)
        {
            throw new UploadRefusedException(UploadProblems.DatasetNotAtHand(name, e.RetryAfterSeconds));
        }
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
