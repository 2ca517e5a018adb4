using System.Globalization;
using System.Text.Json;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Definitions.Tests;
using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Enrich;
using PipelineService.Datasets.Models;
using PipelineService.Datasets.Rows;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets;

/// <summary>The calls that declare datasets and look at them.</summary>
public static class DatasetEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;

    private static readonly ShownParameter IfMatch = new(
        "If-Match", "The ETag of the version that the client knows: 412 when another is current.");

    private static readonly ShownParameter[] Paging =
    [
        new("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
        new("cursor", "`nextCursor` of the page before; none begins with the first page."),
    ];

    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/schema/fields/2/constraints/minimum"] = ["Does not apply to fields of type string."],
        ["/schema/primaryKey"] = ["\"trip\" is not the name of a field. Did you mean \"trip_id\"?"],
    };

    private static readonly Dictionary<string, string[]> MismatchExample = new()
    {
        ["/schema/fields/2/sqlType"] = ["Column \"fare\" is numeric(8,2) in the table and numeric(10,2) here."],
    };

    private static readonly Dictionary<string, string[]> ObstacleExample = new()
    {
        ["/schema/uniqueKeys/0"] =
        [
            "2 rows of the table share their (\"plate\", \"day\") with another one: SELECT \"plate\", \"day\", count(*) FROM \"public\".\"trips\" "
            + "WHERE \"plate\" IS NOT NULL AND \"day\" IS NOT NULL GROUP BY \"plate\", \"day\" HAVING count(*) > 1 lists them. Mend them, then "
            + "PUT again.",
        ],
    };

    public static IEndpointRouteBuilder MapDatasets(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder all = api.MapGroup("/datasets").WithTags(DocumentTags.Datasets);
        RouteGroupBuilder one = all.MapGroup("/{dataset}");
        one.AddEndpointFilter(DatasetName.Check);
        one.Takes(DatasetName.Shown);

        all.MapGet("", ListAsync)
            .WithName("listDatasets")
            .Requires(AccessScope.Read, AccessSubject.Datasets)
            .WithSummary("List the datasets")
            .WithDescription("By name. What a dataset is called and since when; its definition is in the dataset itself.")
            .Takes(Paging)
            .Produces<DatasetPage>()
            .ProducesProblems(Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}."))
            .NeedsDatabase();

        one.MapPut("", PutAsync)
            .Audits(AuditActions.DatasetPut)
            .WithName("putDataset")
            .Requires(AccessScope.Manage, AccessSubject.Dataset)
            .WithSummary("Declare a dataset, or a new version of it")
            .WithDescription(
                "Creates the table when it is missing, and adds columns and keys to a table that the service made. The same "
                + "definition again changes nothing. All faults of the definition are reported at once. The body may also be what a "
                + "GET of the dataset answered, with the definition inside: then its `version` must still be current (412).")
            .HeedsHeaders(IfMatch, ("If-None-Match", "`*` only creates: 412 when the dataset is there."))
            .AcceptsJson<DefinitionDocument>()
            .Produces<DatasetAnswer>()
            .Produces<DatasetAnswer>(StatusCodes.Status201Created)
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"),
                DatasetProblems.MalformedJson("The body is not valid UTF-8."),
                DatasetProblems.InvalidDefinition(FaultExample),
                DatasetProblems.TableMismatch("public.trips", MismatchExample),
                DatasetProblems.TableBusy("public.trips"),
                DatasetProblems.ConstraintNotAdded("public.trips", ObstacleExample),
                DatasetProblems.NotFound("trips"),
                DatasetProblems.NameTaken("trips"),
                DatasetProblems.TableNotAllowed("public.trips"),
                DatasetProblems.PreconditionFailed("trips"),
                DatasetProblems.BodyTooLarge(DefinitionBody.BytesMax),
                DatasetProblems.UnsupportedMediaType("text/csv"))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status201Created)
            .Answers(AnswerHeader.Location, StatusCodes.Status201Created);

        one.MapGet("", GetAsync)
            .WithName("getDataset")
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithSummary("Get a dataset with its current definition")
            .WithDescription("The definition has every default filled in, and can be sent back with PUT.")
            .HeedsHeaders(("If-None-Match", "An ETag: 304 while that version is current."))
            .Produces<DatasetAnswer>()
            .Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status304NotModified);

        one.MapDelete("", DeleteAsync)
            .Audits(AuditActions.DatasetDelete)
            .WithName("deleteDataset")
            .Requires(AccessScope.Manage, AccessSubject.Dataset)
            .WithSummary("Delete a dataset")
            .WithDescription(
                "Its table and the data in it stay, and so do its jobs. Declared again, it goes on with the next version.")
            .HeedsHeaders(IfMatch)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"),
                DatasetProblems.NotFound("trips"),
                DatasetProblems.PreconditionFailed("trips"))
            .NeedsDatabase();

        one.MapGet("/versions", ListVersionsAsync)
            .WithName("listDatasetVersions")
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithSummary("List the versions of a dataset")
            .WithDescription("Newest first. Each upload is loaded by the version that was current when it came.")
            .Takes(Paging)
            .Produces<DatasetVersionPage>()
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"),
                Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}."),
                DatasetProblems.NotFound("trips"))
            .NeedsDatabase();

        one.MapGet("/versions/{version:int}", GetVersionAsync)
            .WithName("getDatasetVersion")
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithSummary("Get a version of a dataset with its definition")
            .WithDescription("Versions never change, and none is ever used for another definition.")
            .Takes(new ShownParameter("version", "The number of the version, from 1.", Shapes.WholeNumber(1)))
            .Produces<DatasetVersionAnswer>()
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"),
                DatasetProblems.NotFound("trips"),
                DatasetProblems.VersionNotFound("trips", 7))
            .NeedsDatabase();

        one.MapDatasetLimits();
        one.MapDatasetRows();
        return api;
    }

    private static async Task<IResult> PutAsync(
        string dataset, HttpContext context, DatasetStore store, DatasetCatalog catalog, LookupVersions versions, ModelStore models,
        ModelBinder binder, ServiceRules services, ViewKeeper views, CancellationToken cancellationToken)
    {
        (JsonDocument? json, Problem? refusal) = await DefinitionBody.ReadAsync(context.Request, cancellationToken);
        if (json is null)
        {
            return refusal!.ToResult();
        }

        Declaration declared;
        using (json)
        {
            LookupSources lookups = (await store.ReadLookupsAsync(json.RootElement, context.GetCaller(), cancellationToken))
                .With(await models.ReadSourcesAsync(json.RootElement, context.GetCaller(), cancellationToken));
            declared = DefinitionEnvelope.Read(json.RootElement, dataset, lookups, out IReadOnlyDictionary<string, string[]> errors);
            if (declared.Definition is null || errors.Count > 0)
            {
                return DatasetProblems.InvalidDefinition(errors).ToResult();
            }

            errors = new OrderedDictionary<string, string[]>(
                catalog.Secrets.FaultsOf(declared.Definition).Concat(services.FaultsOf(declared.Definition)));
            if (errors.Count == 0)
            {
                RowPlan plan = DatasetVersion.Compile(declared.Definition, catalog.Secrets);
                errors = new OrderedDictionary<string, string[]>(ViewStore.FaultsOf(plan).Concat(
                    await DatasetTestRun.FaultsOfAsync(plan, lookups, versions, binder, cancellationToken)));
            }

            errors = declared.InBody(errors);
            if (errors.Count > 0)
            {
                return DatasetProblems.InvalidDefinition(errors).ToResult();
            }
        }

        DatasetPrecondition precondition = DatasetPrecondition.Of(context.Request.Headers) with { Version = declared.Version };
        PutOutcome outcome = await store.PutAsync(
            dataset, declared.Definition, precondition, context.GetCaller(), AuditActor.Of(context), cancellationToken);
        if (outcome.Dataset is not StoredDataset stored)
        {
            Problem problem = outcome.Problem!;
            return (problem.Errors is null ? problem : problem with { Errors = declared.InBody(problem.Errors) }).ToResult();
        }

        views.Wake();
        var answer = DatasetAnswer.Of(stored, declared.WarningsWith(outcome.Warnings));
        context.Response.Headers.ETag = DatasetPrecondition.TagOf(stored.Version);
        return outcome.IsCreated ? TypedResults.Created(answer.Links.Self, answer) : TypedResults.Ok(answer);
    }

    private static async Task<IResult> GetAsync(
        string dataset, HttpContext context, DatasetStore store, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(dataset, context.GetCaller(), cancellationToken) is not StoredDataset stored)
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        context.Response.Headers.ETag = DatasetPrecondition.TagOf(stored.Version);
        DatasetPrecondition precondition = DatasetPrecondition.Of(context.Request.Headers) with { IfMatch = null };
        return precondition.HoldsFor(stored.Version)
            ? TypedResults.Ok(DatasetAnswer.Of(stored))
            : TypedResults.StatusCode(StatusCodes.Status304NotModified);
    }

    private static async Task<IResult> DeleteAsync(
        string dataset, HttpContext context, DatasetStore store, ViewKeeper views, CancellationToken cancellationToken)
    {
        var precondition = DatasetPrecondition.Of(context.Request.Headers);
        Problem? problem = await store.DeleteAsync(
            dataset, precondition, context.GetCaller(), AuditActor.Of(context), cancellationToken);
        views.Wake();
        return problem is null ? TypedResults.NoContent() : problem.ToResult();
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, DatasetStore store, CancellationToken cancellationToken, int limit = PageDefault, string? cursor = null)
    {
        if (limit is < 1 or > PageMax)
        {
            return Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}.").ToResult();
        }

        if (cursor is not null && !DatasetName.IsValid(cursor))
        {
            return Problem.MalformedQuery("cursor", "Must be the nextCursor of the page before.").ToResult();
        }

        // One more than asked for tells whether there is a next page.
        IReadOnlyList<ListedDataset> datasets = await store.ListAsync(
            cursor, limit + 1, context.GetCaller(), cancellationToken);
        return TypedResults.Ok(DatasetPage.Of(datasets, limit));
    }

    private static async Task<IResult> ListVersionsAsync(
        string dataset,
        HttpContext context,
        DatasetStore store,
        CancellationToken cancellationToken,
        int limit = PageDefault,
        string? cursor = null)
    {
        if (limit is < 1 or > PageMax)
        {
            return Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}.").ToResult();
        }

        int before = 0;
        if (cursor is not null && !int.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Problem.MalformedQuery("cursor", "Must be the nextCursor of the page before.").ToResult();
        }

        if (await store.FindAsync(dataset, context.GetCaller(), cancellationToken) is null)
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        IReadOnlyList<ListedVersion> versions =
            await store.ListVersionsAsync(dataset, cursor is null ? null : before, limit + 1, cancellationToken);
        return TypedResults.Ok(DatasetVersionPage.Of(dataset, versions, limit));
    }

    private static async Task<IResult> GetVersionAsync(
        string dataset, int version, HttpContext context, DatasetStore store, DatasetCatalog catalog, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(dataset, context.GetCaller(), cancellationToken) is null)
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        return await catalog.FindVersionAsync(dataset, version, cancellationToken) is DatasetVersion found
            ? TypedResults.Ok(DatasetVersionAnswer.Of(found))
            : DatasetProblems.VersionNotFound(dataset, version).ToResult();
    }
}
