using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Rows;

/// <summary>The rows of a key of a dataset, with where each came from.</summary>
public static class RowEndpoints
{
    /// <summary>Of a key that the table does not keep; more than one row is more than was meant.</summary>
    private const int RowsMax = 10;

    private static readonly ImmutableArray<string> ExampleKey = ["trip_id"];

    public static void MapDatasetRows(this IEndpointRouteBuilder dataset) => dataset.MapGet("/rows", FindAsync)
        .Audits(AuditActions.RowsRead)
        .Requires(AccessScope.Read, AccessSubject.Dataset)
        .WithName("findRows").WithSummary("The rows of a key, and the job and record that each came from")
        .WithDescription("By the primary key of the schema; without one by the key of `lookup`, the first of `uniqueKeys` or the first "
            + "field with `unique`. `trace` of a row tells what became of its record on the way. Values of fields with `pii` are not "
            + "shown. Each call is told in the audit.")
        .Takes(new ShownParameter(
            "key", "The value of the key, as PostgreSQL reads it; of a key of several fields once for each, in the order of the key.",
            Shapes.ListOf(Shapes.Text)))
        .Produces<RowPage>()
        .ProducesProblems(
            DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"),
            RowProblems.WrongKey(ExampleKey, "It has 1 field, and 2 values are given."), RowProblems.NoKey("trips"),
            RowProblems.NotReadable("public.trips", "relation \"public.trips\" does not exist"),
            RowProblems.TooSlow("public.trips", ExampleKey))
        .NeedsDatabase();

    private static async Task<IResult> FindAsync(
        string dataset, string[]? key, HttpContext context, DatasetCatalog datasets, StoredRows rows, AuditWriter audit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        if (await datasets.FindAsync(dataset, cancellationToken) is not { } version || !caller.Sees(version.Name, version.Tenant))
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        DatasetDefinition definition = version.Definition;
        ImmutableArray<FieldDefinition> fields = RowKey.Of(definition);
        string[] values = key ?? [];
        if (fields.IsEmpty || (caller.Source is not null && !definition.Load.Lineage))
        {
            return (fields.IsEmpty ? RowProblems.NoKey(dataset) : RowProblems.NoSource(dataset)).ToResult();
        }

        ImmutableArray<string> names = [.. fields.Select(field => field.Name)];
        if (values.Length != fields.Length)
        {
            string are = values.Length == 1 ? "is" : "are";
            return RowProblems.WrongKey(
                names, $"It has {Counted(fields.Length, "field")}, and {Counted(values.Length, "value")} {are} given.").ToResult();
        }

        IReadOnlySet<string> hidden;
        try
        {
            hidden = HiddenColumns.NamesOf(version.Plan);
        }
        catch (JobFaultException e)
        {
            return e.Problem.ToResult(); // nobody knows what is to be hidden
        }

        if (!context.Request.WantsNoBody())
        {
            var entry = AuditEntry.Of(
                AuditActor.Of(context), AuditActions.RowsRead, time.GetDatabaseNow(), $"dataset/{dataset}", dataset,
                ("key", string.Join(", ", names)));
            await audit.WriteAloneAsync([entry], cancellationToken);
        }

        FoundRows found = await rows.FindByKeyAsync(
            dataset, definition, hidden, fields, values, caller.Source, RowsMax + 1, cancellationToken);
        string table = definition.Load.Table.ToString();
        return found.Fault switch
        {
            RowFault.NotReadable => RowProblems.NotReadable(table, found.Sentence!).ToResult(),
            RowFault.TooSlow => RowProblems.TooSlow(table, names).ToResult(),
            RowFault.NoKey => RowProblems.WrongKey(names, $"PostgreSQL says: {Excerpt.Of(found.Sentence!)}.").ToResult(),
            _ => TypedResults.Json(
                new RowPage(names, [.. found.Rows.Take(RowsMax).Select(RowView.Of)], found.Rows.Count > RowsMax), PipelineJson.Options),
        };
    }

    private static string Counted(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}

/// <summary>The rows of a key.</summary>
/// <param name="Key">The fields of the key.</param>
/// <param name="HasMore">Whether there are more rows than are shown: the table does not keep the key.</param>
public sealed record RowPage(IReadOnlyList<string> Key, IReadOnlyList<RowView> Items, bool HasMore);

/// <summary>A row as it is stored now.</summary>
/// <param name="Job">The job that loaded it; null where the row does not say (<c>load.lineage</c>).</param>
/// <param name="Record">1-based number of its record in the upload of the job.</param>
/// <param name="Trace">Where to see what became of that record; null where the job is kept no longer.</param>
/// <param name="Row">Its values, by the names of the dataset's columns; of long ones the beginning.</param>
public sealed record RowView(Guid? Job, long? Record, string? Trace, JsonObject Row)
{
    public static RowView Of(StoredRow row) => new(row.Job, row.Record, row is { HasJob: true } ? TraceOf(row) : null, row.Values);

    private static string? TraceOf(StoredRow row) => row is { Job: { } job, Record: { } record }
        ? string.Create(CultureInfo.InvariantCulture, $"/v1/jobs/{job}/records/{record}")
        : null;
}
