using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Access.Limits;
using PipelineService.Access.Tenants;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets;

/// <summary>
/// How much may be sent for a dataset, whoever sends it. Not in its definition: that says what the data is, whoever declares it; this says
/// what whoever runs the service takes of it, and makes no new version.
/// </summary>
internal static class DatasetLimits
{
    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/uploadsAtOnce"] = ["Must be a whole number from 1 to 65,536, or null for no limit."],
    };

    /// <param name="one">The group of one dataset.</param>
    public static void MapDatasetLimits(this RouteGroupBuilder one)
    {
        one.MapGet("/limits", GetAsync)
            .WithName("getDatasetLimits")
            .Requires(AccessScope.Admin, AccessSubject.Service)
            .WithSummary("Get how much may be sent for a dataset")
            .WithDescription("What was said of it; an empty object where nothing was, and `Limits:Dataset…` hold.")
            .Produces<CallLimits>()
            .ProducesProblems(DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"))
            .NeedsDatabase();
        one.MapPut("/limits", PutAsync)
            .Audits(AuditActions.DatasetLimit)
            .WithName("putDatasetLimits")
            .Requires(AccessScope.Admin, AccessSubject.Service)
            .WithSummary("Say how much may be sent for a dataset")
            .WithDescription("Takes the place of what was said before: on this instance at once, on others within seconds. An empty object: "
                + "what `Limits:Dataset…` say.")
            .AcceptsJson<CallLimits>()
            .Produces<CallLimits>()
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"), TenantProblems.Invalid(FaultExample),
                ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
                ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null))
            .NeedsDatabase();
    }

    private static async Task<IResult> GetAsync(
        string dataset, DatasetCatalog datasets, TenantStore store, CancellationToken cancellationToken) =>
        await datasets.FindAsync(dataset, cancellationToken) is null
            ? DatasetProblems.NotFound(dataset).ToResult()
            : TypedResults.Ok(await store.FindOfDatasetAsync(dataset, cancellationToken) ?? CallLimits.None);

    private static async Task<IResult> PutAsync(
        string dataset, HttpContext context, TenantStore store, KeyRing ring, CancellationToken cancellationToken)
    {
        (CallLimits? limits, Problem? problem) = await TenantBody.ReadLimitsAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem.ToResult();
        }

        if (!await store.PutOfDatasetAsync(dataset, limits, AuditActor.Of(context), cancellationToken))
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        return TypedResults.Ok(limits ?? CallLimits.None);
    }
}
