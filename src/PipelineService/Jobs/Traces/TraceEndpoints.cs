using System.Globalization;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs.Traces;

/// <summary>What became of one record of a job.</summary>
public static class TraceEndpoints
{
    public static void MapTraces(this IEndpointRouteBuilder jobs) => jobs.MapGet("/{id}/records/{record}", GetAsync)
        .Audits(AuditActions.RecordTrace)
        .Requires(AccessScope.Read, AccessSubject.Job)
        .WithName("traceRecord").WithSummary("What became of one record, step by step")
        .WithDescription("The record as it was sent and where, what each op of `transforms` made of it, each rule and its outcome, what "
            + "became of it, and its row as it is now. Made again of the kept bytes (`load.keepUpload`) by the code that loads records; "
            + "without them what its dead letter or its row says. No service is asked again. Values of fields with `pii` are not shown. "
            + "Each call is told in the audit.")
        .Takes(
            JobEndpoints.IdOfJob,
            new ShownParameter(
                "record", "1-based number of the record in the upload, as `_record` of rows and `record` of dead letters.",
                Shapes.WholeNumber(1)))
        .Produces<RecordTraceView>()
        .ProducesProblems(JobProblems.NotFound(JobEndpoints.ExampleId), TraceProblems.NotFoundExample, TraceProblems.NotYetExample)
        .NeedsDatabase();

    private static async Task<IResult> GetAsync(
        string id, string record, HttpContext context, JobQueries jobs, RecordTracer tracer, AuditWriter audit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!long.TryParse(record, NumberStyles.None, CultureInfo.InvariantCulture, out long number) || number < 1)
        {
            return TraceProblems.NoNumber(record).ToResult();
        }

        // It shows the record as it was sent: nobody gets that without an entry.
        if (!context.Request.WantsNoBody())
        {
            var entry = AuditEntry.Of(
                AuditActor.Of(context), AuditActions.RecordTrace, time.GetDatabaseNow(), $"job/{job.Id}", job.Dataset, ("record", number));
            await audit.WriteAloneAsync([entry], cancellationToken);
        }

        (RecordTraceView? view, Problem? problem) = await tracer.TraceAsync(job, number, cancellationToken);
        return view is null ? problem!.ToResult() : TypedResults.Json(view, PipelineJson.Options);
    }
}
