using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs.DeadLetters;

/// <summary>The rejected records of a job: a page of them, or all of them as a stream.</summary>
public static class DeadLetterEndpoints
{
    private const string Ndjson = "application/x-ndjson";
    private const string Csv = "text/csv";

    private const string Forms = """
        A page as JSON, in which `raw` has the first 16,384 bytes of a record and which ends early when its records are large; all
        of them, each whole, with `Accept: application/x-ndjson` or `Accept: text/csv`.

        Of JSON, `?raw=true` makes the NDJSON the records alone, one a line, as they were sent: to be mended and uploaded as `application/x-ndjson`.

        The CSV is made to be mended and uploaded as it is (`Content-Type: text/csv`). It is written in the dataset's dialect and encoding (with quotes where that cannot write every value),
        has the columns of the upload with the values that were sent, then `_raw`, `_record`, `_line`, `_field`, `_code` and
        `_message`. With `?bom=true` it starts with a byte order mark, by which spreadsheets know UTF-8. An apostrophe stands before values that a spreadsheet would run as a
        formula; it is taken off again when the file comes back with those columns, and they themselves are not loaded. `_raw` is
        filled where the cells do not say all that was sent: with the record as it came, and with `…` at its end where it was
        cut. A record whose `_raw` is filled is rejected with `unmended`.
        """;

    private const string NdjsonExample = """
        {"record":2,"line":3,"byteOffset":57,"state":"open","errors":[{"field":"celsius","code":"minimum","message":"Must be at least -90.","value":"-300"}],"raw":"south,2026-03-01T06:00:00Z,-300\n","rawTruncated":false}

        """;

    private const string CsvExample = """
        sensor,taken_at,celsius,_raw,_record,_line,_field,_code,_message
        south,2026-03-01T06:00:00Z,-300,,2,3,celsius,minimum,Must be at least -90.

        """;

    public static void MapDeadLetters(this IEndpointRouteBuilder jobs) =>
        jobs.MapGet("/{id}/dead-letters", GetAsync)
            .Audits(AuditActions.DeadLettersRead)
            .Requires(AccessScope.Read, AccessSubject.Job)
            .WithName("listDeadLetters").WithSummary("The rejected records of a job, each with its reasons")
            .WithDescription(Forms)
            .Takes(
                JobEndpoints.IdOfJob,
                ("code", "Records with an error of this code."),
                ("field", "Records with an error in this field."),
                new ShownParameter("bom", "Whether the CSV begins with a byte order mark, for spreadsheets.", Shapes.Flag),
                new ShownParameter(
                    "raw", "Of a job of JSON: whether the NDJSON has the records alone, as they were sent, to be mended and uploaded.", Shapes.Flag))
            .Takes(Paging.Shown)
            .Produces<DeadLetterPage>()
            .ProducesText(Ndjson, "One object a line, each as the items of the page, but with all of `raw` that is kept.", NdjsonExample)
            .ProducesText(Csv, "The columns of the upload, then those of the service.", CsvExample)
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), Problem.MalformedQuery("limit", "It is out of range."))
            .NeedsDatabase();

    private static async Task<IResult> GetAsync(
        string id, string? limit, string? cursor, string? code, string? field, string? bom, string? raw,
        HttpContext context, JobQueries jobs, DeadLetterStore deadLetters, DatasetCatalog datasets, AuditWriter audit, TimeProvider time,
        IOptions<JobsOptions> options, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        Dictionary<string, string[]> faults = [];
        if (code is not null && !RecordErrorCodes.TryParse(code, out _)
            && !(await CodesOfAsync(job, datasets, cancellationToken)).Contains(code))
        {
            faults["/code"] = [$"'{Core.Rules.Excerpt.Of(code)}' is no error code, and none of the dataset's own."];
        }

        string? type = PreferredType(context.Request);
        bool hasMark = ParseMark(bom, type, faults), isRaw = ParseRaw(raw, type, job, faults);
        int size = Paging.ParseLimit(limit, options.Value, faults);
        DeadLetterFilter filter = new(job.Id, Paging.ParseRecordCursor(cursor, faults), code, field);
        if (faults.Count > 0)
        {
            return Paging.Refuse(faults);
        }

        // Raw records may be personal data, whatever the definition says: nobody gets them without an entry.
        if (!context.Request.WantsNoBody())
        {
            var entry = AuditEntry.Of(
                AuditActor.Of(context), AuditActions.DeadLettersRead, time.GetDatabaseNow(), $"job/{job.Id}", job.Dataset,
                ("form", type is Ndjson or Csv ? type : "application/json"), ("code", code), ("field", field));
            await audit.WriteAloneAsync([entry], cancellationToken);
        }

        switch (type)
        {
            case Ndjson when isRaw:
                DeadLetterRecords records = new(job, await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken));
                return Stream(context, body => WriteRecordsAsync(body, records, deadLetters, filter, cancellationToken), records.ContentType);
            case Ndjson:
                return Stream(context, body => WriteNdjsonAsync(body, deadLetters, filter, cancellationToken), Ndjson);
            case Csv:
                DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
                DeadLetterCsv csv = new(job, dataset);
                return Stream(context, body => WriteCsvAsync(body, csv, hasMark, deadLetters, filter, cancellationToken), csv.ContentType);
            default:
                DeadLetterRows found = await deadLetters.ListAsync(filter, size, cancellationToken);
                DeadLetterView[] page = [.. found.Rows.Select(DeadLetterView.Of)];
                return TypedResults.Json(
                    new DeadLetterPage(page, found.HasMore ? Paging.CursorOf(page[^1].Record) : null), PipelineJson.Options);
        }
    }

    /// <summary>The codes of the definition that the job was loaded by.</summary>
    private static async Task<IEnumerable<string>> CodesOfAsync(
        JobRow job, DatasetCatalog datasets, CancellationToken cancellationToken)
    {
        DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
        return dataset.Definition.Transforms.OfType<RequireOp>().Select(op => op.Code);
    }

    /// <summary>All of them as they are read; to HEAD none, because nobody would see them.</summary>
    private static IResult Stream(HttpContext context, Func<Stream, Task> write, string contentType) =>
        Results.Stream(body => context.Request.WantsNoBody() ? Task.CompletedTask : write(body), contentType);

    private static bool ParseMark(string? bom, string? type, Dictionary<string, string[]> faults)
    {
        if (bom is not (null or "true" or "false"))
        {
            faults["/bom"] = [$"'{Core.Rules.Excerpt.Of(bom)}' is neither true nor false."];
        }
        else if (bom == "true" && type != Csv)
        {
            faults["/bom"] = ["Only CSV can begin with a byte order mark: send Accept: text/csv."];
        }

        return bom == "true";
    }

    private static bool ParseRaw(string? raw, string? type, JobRow job, Dictionary<string, string[]> faults)
    {
        if (raw is not (null or "true" or "false"))
        {
            faults["/raw"] = [$"'{Core.Rules.Excerpt.Of(raw)}' is neither true nor false."];
        }
        else if (raw == "true" && type != Ndjson)
        {
            faults["/raw"] = ["Only NDJSON has the records alone: send Accept: application/x-ndjson."];
        }
        else if (raw == "true" && !DeadLetterRecords.AreOf(job))
        {
            faults["/raw"] = ["The job is none of JSON: its rejects are mended as CSV, send Accept: text/csv."];
        }

        return raw == "true";
    }

    /// <summary>
    /// The first of the types that we have in the order in which the client prefers them; JSON when it has no wish.
    /// </summary>
    private static string? PreferredType(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted)
            ? accepted.Where(a => a.Quality is not 0)
                .OrderByDescending(a => a.Quality ?? 1)
                .Select(a => a.MediaType.ToString())
                .FirstOrDefault(type => type is Ndjson or Csv or "application/json" or "*/*" or "application/*")
            : null;

    private static async Task WriteNdjsonAsync(
        Stream body, DeadLetterStore deadLetters, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await foreach (DeadLetterRow row in deadLetters.StreamAsync(filter, cancellationToken))
        {
            await JsonSerializer.SerializeAsync(body, DeadLetterView.Of(row), PipelineJson.Options, cancellationToken);
            await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }

    private static async Task WriteRecordsAsync(
        Stream body, DeadLetterRecords records, DeadLetterStore deadLetters, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await body.WriteAsync(records.Header(), cancellationToken);
        await foreach (DeadLetterRow row in deadLetters.StreamAsync(filter, cancellationToken))
        {
            await body.WriteAsync(records.Record(row), cancellationToken);
        }
    }

    private static async Task WriteCsvAsync(
        Stream body, DeadLetterCsv csv, bool hasMark, DeadLetterStore deadLetters, DeadLetterFilter filter,
        CancellationToken cancellationToken)
    {
        await body.WriteAsync(csv.MarkOf(hasMark), cancellationToken);
        await body.WriteAsync(csv.Header(), cancellationToken);
        await foreach (DeadLetterRow row in deadLetters.StreamAsync(filter, cancellationToken))
        {
            await body.WriteAsync(csv.Row(row), cancellationToken);
        }
    }
}
