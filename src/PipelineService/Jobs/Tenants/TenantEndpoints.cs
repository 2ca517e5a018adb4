using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Access.Keys;
using PipelineService.Access.Tenants;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs.Tenants;

/// <summary>The resource <c>/v1/tenants</c>: who has how much of what all share, for callers with the scope admin and without limits.</summary>
internal static class TenantEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;

    private static readonly ShownParameter Name = new(
        "tenant", "A tenant's name; or `dataset:` and a name, for a dataset of nobody.", Shapes.TextOf(1, 80));

    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/weight"] = ["Must be a whole number from 1 to 100, or null for no limit."],
    };

    public static IEndpointRouteBuilder MapTenants(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder tenants = api.MapGroup("/tenants").WithTags(DocumentTags.Tenants).Requires(AccessScope.Admin, AccessSubject.Service);
        tenants.MapGet("", ListAsync)
            .WithName("listTenants").WithSummary("List the tenants")
            .WithDescription("By name: those of whom something was said, and those whose jobs wait, run or have ended within the last hour. "
                + "A dataset that is nobody's is its own tenant here, as `dataset:` and its name.")
            .Takes(
                new("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<TenantPage>()
            .ProducesProblems(Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}."))
            .NeedsDatabase();
        tenants.MapGet("/{tenant}", GetAsync)
            .WithName("getTenant").WithSummary("Get what a tenant has")
            .WithDescription("What was said of it, what of it waits and runs, and its part of what was loaded within the last hour.")
            .Takes(Name)
            .Produces<TenantView>()
            .ProducesProblems(TenantProblems.InvalidName("Acme!"), TenantProblems.NotFound("acme"))
            .NeedsDatabase();
        tenants.MapPut("/{tenant}", PutAsync)
            .Audits(AuditActions.TenantPut)
            .WithName("putTenant").WithSummary("Say what a tenant may have")
            .WithDescription("Takes the place of all that was said of it before: on this instance at once, on others within seconds.")
            .Takes(Name)
            .AcceptsJson<TenantRequest>()
            .Produces<TenantView>()
            .ProducesProblems(
                TenantProblems.InvalidName("Acme!"), TenantProblems.Invalid(FaultExample), TenantProblems.TooMany(TenantStore.CountMax),
                ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
                ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null))
            .NeedsDatabase();
        tenants.MapDelete("/{tenant}", DeleteAsync)
            .Audits(AuditActions.TenantDelete)
            .WithName("deleteTenant").WithSummary("Say nothing of a tenant any more")
            .WithDescription("Its weight is 1 again, and its limits are those of `Limits:Tenant…`. Its keys, datasets and jobs stay.")
            .Takes(Name)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(TenantProblems.InvalidName("Acme!"), TenantProblems.NotFound("acme"))
            .NeedsDatabase();
        return api;
    }

    private static async Task<IResult> ListAsync(
        TenantQueries tenants, CancellationToken cancellationToken, int limit = PageDefault, string? cursor = null)
    {
        if (limit is < 1 or > PageMax)
        {
            return Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}.").ToResult();
        }

        // One more than asked for tells whether there is a next page.
        IReadOnlyList<TenantView> found = await tenants.ListAsync(cursor ?? "", limit + 1, cancellationToken);
        return TypedResults.Ok(new TenantPage([.. found.Take(limit)], found.Count > limit ? found[limit - 1].Tenant : null));
    }

    private static async Task<IResult> GetAsync(string tenant, TenantQueries tenants, CancellationToken cancellationToken) =>
        !IsName(tenant) ? TenantProblems.InvalidName(tenant).ToResult()
        : await tenants.FindAsync(tenant, cancellationToken) is { } found ? TypedResults.Ok(found)
        : TenantProblems.NotFound(tenant).ToResult();

    private static async Task<IResult> PutAsync(
        string tenant, HttpContext context, TenantStore store, TenantQueries tenants, KeyRing ring, CancellationToken cancellationToken)
    {
        if (!IsName(tenant))
        {
            return TenantProblems.InvalidName(tenant).ToResult();
        }

        (TenantRow? row, Problem? problem) = await TenantBody.ReadAsync(tenant, context.Request, cancellationToken);
        if (row is null)
        {
            return problem!.ToResult();
        }

        if (await store.PutAsync(row, AuditActor.Of(context), cancellationToken) is null)
        {
            return TenantProblems.TooMany(TenantStore.CountMax).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        return await GetAsync(tenant, tenants, cancellationToken);
    }

    private static async Task<IResult> DeleteAsync(
        string tenant, HttpContext context, TenantStore store, KeyRing ring, CancellationToken cancellationToken)
    {
        if (!IsName(tenant))
        {
            return TenantProblems.InvalidName(tenant).ToResult();
        }

        if (!await store.DeleteAsync(tenant, AuditActor.Of(context), cancellationToken))
        {
            return TenantProblems.NotFound(tenant).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static bool IsName(string name) => name.StartsWith(JobParty.DatasetPrefix, StringComparison.Ordinal)
        ? DatasetName.IsValid(name[JobParty.DatasetPrefix.Length..])
        : TenantName.IsValid(name);
}
