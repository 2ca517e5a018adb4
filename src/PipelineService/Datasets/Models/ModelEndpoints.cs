using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Models;

/// <summary>The resource <c>/v1/models</c>: models that datasets let score their records.</summary>
public static class ModelEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;

    private static readonly ShownParameter VersionOfModel = new("version", "The number of the version, from 1.", Shapes.WholeNumber(1));

    public static IEndpointRouteBuilder MapModels(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder all = api.MapGroup("/models").WithTags(DocumentTags.Models);
        RouteGroupBuilder one = all.MapGroup("/{model}");
        one.AddEndpointFilter(ModelName.Check);
        one.Takes(ModelName.Shown);

        all.MapGet("", ListAsync)
            .WithName("listModels")
            .Requires(AccessScope.Read, AccessSubject.Models)
            .WithSummary("List the models")
            .WithDescription("By name, each with its newest version.")
            .Takes(
                new("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<ModelPage>()
            .ProducesProblems(Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}."))
            .NeedsDatabase();

        one.MapPut("", PutAsync)
            .Audits(AuditActions.ModelPut)
            .WithName("putModel")
            .Requires(AccessScope.Admin, AccessSubject.Model)
            .WithSummary("Send a model, or a new version of it")
            .WithDescription(
                "A file in the ONNX format, with everything in it. It is tried in a process of its own, with bounds on time and memory, before it "
                + "is taken; what it takes and gives is found out by that. The same file again is the version that it was.")
            .AcceptsStream("The model, in the ONNX format.", "application/octet-stream")
            .Produces<ModelVersionView>()
            .Produces<ModelVersionView>(StatusCodes.Status201Created)
            .ProducesProblems(
                ModelProblems.InvalidName("Fraud!"), ModelProblems.BrokenOff, ModelProblems.NotFound("fraud"), ModelProblems.NameTaken("fraud"),
                ModelProblems.TooManyVersions("fraud", ModelStore.VersionsMax), ModelProblems.TooMany(ModelStore.ModelsMax),
                ModelProblems.TooLarge(64 << 20), ModelProblems.UnsupportedMediaType("text/csv"),
                ModelProblems.Refused("It is no ONNX model: It breaks off."), ModelProblems.Busy)
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status201Created);

        one.MapGet("", GetAsync)
            .WithName("getModel")
            .Requires(AccessScope.Read, AccessSubject.Model)
            .WithSummary("Get a model with its versions")
            .WithDescription("What each takes of a record and gives for it; not the file.")
            .Produces<ModelView>()
            .ProducesProblems(ModelProblems.InvalidName("Fraud!"), ModelProblems.NotFound("fraud"))
            .NeedsDatabase();

        one.MapGet("/versions/{version:int}", GetVersionAsync)
            .WithName("getModelVersion")
            .Requires(AccessScope.Read, AccessSubject.Model)
            .WithSummary("Get a version of a model")
            .WithDescription("Versions never change, and no number ever means another file.")
            .Takes(VersionOfModel)
            .Produces<ModelVersionView>()
            .ProducesProblems(
                ModelProblems.InvalidName("Fraud!"), ModelProblems.NotFound("fraud"), ModelProblems.VersionNotFound("fraud", 7))
            .NeedsDatabase();

        one.MapDelete("/versions/{version:int}", DeleteAsync)
            .Audits(AuditActions.ModelDelete)
            .WithName("deleteModelVersion")
            .Requires(AccessScope.Admin, AccessSubject.Model)
            .WithSummary("Delete a version of a model")
            .WithDescription(
                "One that no dataset and no unfinished job uses. A definition that names no version uses the newest. With its last version the "
                + "model is gone; its numbers go on when it is sent again.")
            .Takes(VersionOfModel)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(
                ModelProblems.InvalidName("Fraud!"), ModelProblems.NotFound("fraud"), ModelProblems.VersionNotFound("fraud", 7),
                ModelProblems.InUse("fraud", 3, ["dataset \"payments\""]))
            .NeedsDatabase();

        return api;
    }

    /// <summary>
    /// 1. what the head says, 2. whose the name is, 3. the body, 4. whether it is there already, 5. a trial, 6. the version with its entry in
    /// the audit.
    /// </summary>
    private static async Task<IResult> PutAsync(
        string model, HttpContext context, ModelStore store, ModelTrials trials, IOptions<DatasetsOptions> options, TimeProvider time,
        CancellationToken cancellationToken)
    {
        // 1. Two at a time hold their bodies in memory.
        long bytesMax = options.Value.ModelBytesMax;
        if (ModelBody.FaultOf(context.Request, bytesMax) is { } refusal)
        {
            return refusal.ToResult();
        }

        using IDisposable? place = trials.TryEnter();
        if (place is null)
        {
            return ModelProblems.Busy.ToResult();
        }

        // 2. Before anything is received for it.
        Caller caller = context.GetCaller();
        PutModel known = await store.LookAsync(model, [], caller, cancellationToken);
        if (known.Problem is { } taken)
        {
            return taken.ToResult();
        }

        // 3.
        (byte[]? file, Problem? problem) = await ModelBody.ReadAsync(context.Request, bytesMax, time, cancellationToken);
        if (file is null)
        {
            return problem!.ToResult();
        }

        // 4. and 5.
        byte[] sha256 = SHA256.HashData(file);
        known = await store.LookAsync(model, sha256, caller, cancellationToken);
        TrialVerdict? verdict = known.Row is null ? await trials.TryAsync(file, cancellationToken) : null;
        if (verdict is { Signature: null })
        {
            return ModelProblems.Refused(verdict.Fault!).ToResult();
        }

        // 6.
        PutModel put = await store.PutAsync(model, sha256, file, verdict?.Signature, caller, AuditActor.Of(context), cancellationToken);
        if (put.Row is not { } row)
        {
            return put.Problem!.ToResult();
        }

        var answer = ModelVersionView.Of(row);
        return put.IsCreated ? TypedResults.Created($"/v1/models/{row.Model}/versions/{row.Version}", answer) : TypedResults.Ok(answer);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, ModelStore store, CancellationToken cancellationToken, int limit = PageDefault, string? cursor = null)
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
        IReadOnlyList<ModelRow> rows = await store.ListAsync(cursor, limit + 1, context.GetCaller(), cancellationToken);
        return TypedResults.Ok(new ModelPage(
            [.. rows.Take(limit).Select(ListedModel.Of)], rows.Count > limit ? rows[limit - 1].Model : null));
    }

    private static async Task<IResult> GetAsync(string model, HttpContext context, ModelStore store, CancellationToken cancellationToken) =>
        await store.ListVersionsAsync(model, context.GetCaller(), cancellationToken) is { Count: > 0 } versions
            ? TypedResults.Ok(ModelView.Of(versions))
            : ModelProblems.NotFound(model).ToResult();

    private static async Task<IResult> GetVersionAsync(
        string model, int version, HttpContext context, ModelStore store, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(model, version: null, context.GetCaller(), cancellationToken) is null)
        {
            return ModelProblems.NotFound(model).ToResult();
        }

        return await store.FindAsync(model, version, context.GetCaller(), cancellationToken) is { } row
            ? TypedResults.Ok(ModelVersionView.Of(row))
            : ModelProblems.VersionNotFound(model, version).ToResult();
    }

    private static async Task<IResult> DeleteAsync(
        string model, int version, HttpContext context, ModelStore store, CancellationToken cancellationToken) =>
        await store.DeleteAsync(model, version, context.GetCaller(), AuditActor.Of(context), cancellationToken) is { } problem
            ? problem.ToResult()
            : TypedResults.NoContent();
}
