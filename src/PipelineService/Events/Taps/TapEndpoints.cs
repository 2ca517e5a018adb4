using System.Text.Json.Nodes;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Datasets;
using PipelineService.Datasets.Taps;
using PipelineService.Events.Requests;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Events.Taps;

/// <summary>The resource <c>/v1/datasets/{dataset}/tap</c>.</summary>
public static class TapEndpoints
{
    private const string Example = """
        retry: 2000

        event: record
        data: {"job":"0199…","record":7,"outcome":"rejected","line":8,"raw":"7,-3","errors":[{"field":"fare","code":"minimum"}],"trace":"/v1/jobs/0199…/records/7","sample":{"told":9,"of":9213}}


        """;

    private static readonly string[] Forms = ["application/json", EventEndpoints.StreamType];

    private static readonly AnswerHeader Unbuffered = new(
        "X-Accel-Buffering", "`no`, of a stream: for proxies that would keep it back.", Shapes.Text, IsAlways: false);

    public static IEndpointRouteBuilder MapTap(this IEndpointRouteBuilder api)
    {
        api.MapGet("/datasets/{dataset}/tap", GetAsync)
            .AddEndpointFilter(DatasetName.Check)
            .Audits(AuditActions.RowsRead)
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithTags(DocumentTags.Datasets)
            .WithName("tapRecords").WithSummary("Some records as they are loaded, with what becomes of them")
            .WithDescription("With `Accept: text/event-stream` a stream of some of the records that this instance loads from now on, 50 a second "
                + "at most: `raw` as it was sent, the `row` that it has become, or the `errors` for which it is rejected; of a filtered one `trace` "
                + "tells more. `sample` says of how many records of its chunk it is one of how many: it is not the data. An accepted row is "
                + "visible when its job has committed. `missed` says that so many were told while the client did not read. Where the dataset has "
                + "`pii` neither `raw` nor such values are shown. Each call is told in the audit. As JSON: those that were told last, while "
                + "somebody follows.")
            .Takes(DatasetName.Shown)
            .Produces<TapPage>()
            .ProducesText(EventEndpoints.StreamType, "Server-sent events.", Example)
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"), TapProblems.OfAllSources,
                EventProblems.TooManyStreams)
            .NeedsDatabase()
            .Answers(Unbuffered, StatusCodes.Status200OK);
        return api;
    }

    private static async Task<IResult> GetAsync(
        string dataset, HttpContext context, DatasetCatalog datasets, RecordTaps taps, TapStreams streams, AuditWriter audit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        if (await datasets.FindAsync(dataset, cancellationToken) is not { } version || !caller.Sees(version.Name, version.Tenant))
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        if (caller.Source is not null)
        {
            return TapProblems.OfAllSources.ToResult();
        }

        if (!context.Request.WantsNoBody())
        {
            var entry = AuditEntry.Of(
                AuditActor.Of(context), AuditActions.RowsRead, time.GetDatabaseNow(), $"dataset/{dataset}", dataset, ("by", "tap"));
            await audit.WriteAloneAsync([entry], cancellationToken);
        }

        if (AcceptHeader.Choose(context.Request.Headers.Accept, Forms) == EventEndpoints.StreamType)
        {
            return streams.Open(dataset, version.Tenant);
        }

        IReadOnlyList<byte[]> records = taps.Of(dataset)?.ReadFrom(0).Records ?? [];
        return TypedResults.Json(
            new TapPage([.. records.Select(record => JsonNode.Parse(record)!.AsObject())]), PipelineJson.Options);
    }
}

/// <summary>Records that were told, the last ones.</summary>
public sealed record TapPage(IReadOnlyList<JsonObject> Items);
