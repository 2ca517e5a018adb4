using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs;

/// <summary>The rejected records of a job: a page of them, or all of them as a stream.</summary>
public static class DeadLetterEndpoints
{
    private const string Ndjson = "application/x-ndjson";
    private const string Csv = "text/csv";

    public static void MapDeadLetters(this IEndpointRouteBuilder jobs) =>
        jobs.MapGet("/{id}/dead-letters", GetAsync)
            .WithName("listDeadLetters").WithSummary("The rejected records of a job, each with its reasons")
            .WithDescription("A page as JSON; all of them with `Accept: application/x-ndjson` or `Accept: text/csv`.")
            .Produces<DeadLetterPage>(StatusCodes.Status200OK, "application/json", Ndjson, Csv)
            .ProducesProblems(JobProblems.NotFound("0199a3c0-0000-7000-8000-000000000000"), JobProblems.MalformedQuery("limit"), JobProblems.DatabaseUnavailable);

    private static async Task<IResult> GetAsync(
        string id, string? limit, string? cursor, string? code, string? field,
        HttpContext context, JobQueries jobs, DeadLetterStore deadLetters, DatasetCatalog datasets, IOptions<JobsOptions> options,
        CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out Guid jobId) || await jobs.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        Dictionary<string, string[]> faults = [];
        if (code is not null && !RecordErrorCodes.TryParse(code, out _))
        {
            faults["/code"] = [$"'{code}' is no error code."];
        }

        int size = Paging.ParseLimit(limit, options.Value, faults);
        DeadLetterFilter filter = new(jobId, Paging.ParseRecordCursor(cursor, faults), code, field, size + 1);
        if (faults.Count > 0)
        {
            return Paging.Refuse(faults);
        }

        switch (PreferredType(context.Request))
        {
            case Ndjson:
                return Results.Stream(body => WriteNdjsonAsync(body, deadLetters, filter, cancellationToken), Ndjson);
            case Csv:
                DatasetVersion dataset = await datasets.GetVersionAsync(job.Dataset, job.DatasetVersion, cancellationToken);
                DeadLetterCsv csv = CsvOf(job, dataset.Definition);
                return Results.Stream(body => WriteCsvAsync(body, csv, deadLetters, filter, cancellationToken), Csv + "; charset=utf-8");
            default:
                IReadOnlyList<DeadLetterRow> rows = await deadLetters.ListAsync(filter, cancellationToken);
                DeadLetterView[] page = [.. rows.Take(size).Select(DeadLetterView.Of)];
                return TypedResults.Json(
                    new DeadLetterPage(page, rows.Count > size ? Paging.CursorOf(page[^1].Record) : null), PipelineJson.Options);
        }
    }

    /// <summary>The first of the types that we have in the order in which the client prefers them; JSON when it has no wish.</summary>
    private static string? PreferredType(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted)
            ? accepted.Where(a => a.Quality is not 0)
                .OrderByDescending(a => a.Quality ?? 1)
                .Select(a => a.MediaType.ToString())
                .FirstOrDefault(type => type is Ndjson or Csv or "application/json" or "*/*" or "application/*")
            : null;

    private static DeadLetterCsv CsvOf(JobRow job, DatasetDefinition definition)
    {
        ImmutableArray<string> columns = job.UploadColumns is { Length: > 0 } known
            ? [.. known]
            : [.. definition.Schema.Fields.Select(f => f.NameInData)];
        CsvDialect? dialect = job.ContentType switch
        {
            "text/csv" or "application/csv" => definition.Dialect,
            "text/tab-separated-values" => definition.Dialect with { Delimiter = (byte)'\t' },
            _ => null,
        };
        return new DeadLetterCsv(columns, dialect);
    }

    private static async Task WriteNdjsonAsync(
        Stream body, DeadLetterStore deadLetters, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await foreach (DeadLetterRow row in deadLetters.StreamAsync(filter, cancellationToken))
        {
            await JsonSerializer.SerializeAsync(body, DeadLetterView.Of(row), PipelineJson.Options, cancellationToken);
            await body.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }

    private static async Task WriteCsvAsync(
        Stream body, DeadLetterCsv csv, DeadLetterStore deadLetters, DeadLetterFilter filter, CancellationToken cancellationToken)
    {
        await body.WriteAsync(Encoding.UTF8.GetBytes(csv.Header()), cancellationToken);
        await foreach (DeadLetterRow row in deadLetters.StreamAsync(filter, cancellationToken))
        {
            await body.WriteAsync(Encoding.UTF8.GetBytes(csv.Row(row)), cancellationToken);
        }
    }
}
