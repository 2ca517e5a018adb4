using System.Net.Mime;
using Microsoft.Extensions.Options;
using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Access.Keys;

/// <summary>The resource <c>/v1/keys</c>: for callers with the scope admin, each within their own limits.</summary>
internal static class KeyEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;
    private const string ExampleId = "0199a3c0-0000-7000-8000-000000000000";

    private static readonly ShownParameter IdOfKey = new("key", "The key's id.", Shapes.Id);

    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/scopes"] = ["\"ingst\" is none of ingest, read, manage, admin. Did you mean \"ingest\"?"],
    };

    public static IEndpointRouteBuilder MapKeys(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder keys = api.MapGroup("/keys").WithTags(DocumentTags.Keys).Requires(AccessScope.Admin, AccessSubject.Keys);
        keys.MapPost("", CreateAsync)
            .Audits(AuditActions.KeyCreate)
            .WithName("createKey").WithSummary("Make a key")
            .WithDescription(
                "The answer shows the key, and nothing shows it again. Who is limited to some datasets, a source or a tenant makes keys "
                + "within the same limits. From the first key on every call takes one, so that the first has to be one for everything.")
            .AcceptsJson<KeyRequest>()
            .Produces<KeyView>(StatusCodes.Status201Created)
            .ProducesProblems(
                KeyProblems.Invalid(FaultExample), KeyProblems.TooWide, KeyProblems.TooMany(10_000), KeyProblems.FirstIsNotAdmin,
                ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
                ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null))
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status201Created);
        keys.MapGet("", ListAsync)
            .WithName("listKeys").WithSummary("List the keys")
            .WithDescription("Newest first: those whose rights the caller has, too; revoked ones as well. A page may have fewer keys "
                + "than `limit` although more follow: there are no more when `nextCursor` is null.")
            .Takes(
                new("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<KeyPage>()
            .ProducesProblems(Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}."))
            .NeedsDatabase();
        keys.MapGet("/{key}", GetAsync)
            .WithName("getKey").WithSummary("Get what a key may do")
            .WithDescription("Not its text: nobody has that but who was given it.")
            .Takes(IdOfKey)
            .Produces<KeyView>()
            .ProducesProblems(KeyProblems.NotFound(ExampleId))
            .NeedsDatabase();
        keys.MapPatch("/{key}", ChangeAsync)
            .Audits(AuditActions.KeyChange)
            .WithName("changeKey").WithSummary("Say how much a key may send")
            .WithDescription("`limits` takes the place of what was there: on this instance at once, on others within seconds. What a key "
                + "may do cannot be changed: make another.")
            .Takes(IdOfKey)
            .AcceptsJson<KeyChange>()
            .Produces<KeyView>()
            .ProducesProblems(
                KeyProblems.NotFound(ExampleId), KeyProblems.Invalid(FaultExample),
                ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
                ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null))
            .NeedsDatabase();
        keys.MapDelete("/{key}", RevokeAsync)
            .Audits(AuditActions.KeyRevoke)
            .WithName("revokeKey").WithSummary("Revoke a key")
            .WithDescription("It lets nobody in any more: on this instance at once, on others within seconds. Its uploads and jobs stay.")
            .Takes(IdOfKey)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(KeyProblems.NotFound(ExampleId))
            .NeedsDatabase();
        keys.MapPost("/{key}/rotate", RotateAsync)
            .Audits(AuditActions.KeyRotate)
            .WithName("rotateKey").WithSummary("Give a key a new text")
            .WithDescription("The key stays who it is. As it was, it goes on for `overlap`, a day if nobody says, so that whoever uses it can "
                + "change over; one from before that ends at once. An expired or revoked key cannot be rotated.")
            .Takes(IdOfKey)
            .Accepts<KeyRotation>(isOptional: true, MediaTypeNames.Application.Json, EndpointDescriptions.AnyType)
            .Produces<KeyView>()
            .ProducesProblems(
                KeyProblems.NotFound(ExampleId), KeyProblems.Invalid(FaultExample),
                ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
                ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null))
            .NeedsDatabase();
        return api;
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, KeyStore store, KeyRing ring, IOptions<AccessOptions> options, TimeProvider time,
        CancellationToken cancellationToken)
    {
        (KeyGrant? grant, Problem? problem) = await KeyBody.ReadGrantAsync(context.Request, time, cancellationToken);
        if (grant is null)
        {
            return problem!.ToResult();
        }

        Caller caller = context.GetCaller();
        grant = grant with { Tenant = grant.Tenant ?? caller.Tenant, Source = grant.Source ?? caller.Source };
        if (!caller.Covers(grant.Datasets, grant.Source, grant.Tenant))
        {
            return KeyProblems.TooWide.ToResult();
        }

        bool isFirst = caller.Kind == CallerKind.Anonymous;
        if (isFirst && !grant.IsUnlimitedAdmin)
        {
            return KeyProblems.FirstIsNotAdmin.ToResult();
        }

        if (await store.CreateAsync(grant, CreatorOf(caller), isFirst, AuditActor.Of(context), cancellationToken) is not { } made)
        {
            // Somebody else has made the first one meanwhile, and this caller is nobody any more.
            return (isFirst ? AccessProblems.NoCredential : KeyProblems.TooMany(options.Value.KeysMax)).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        NeverKeep(context);
        return TypedResults.Created($"/v1/keys/{made.Row.Id}", KeyView.Of(made.Row, Now(time), made.Text));
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, KeyStore store, TimeProvider time, CancellationToken cancellationToken,
        int limit = PageDefault, string? cursor = null)
    {
        if (limit is < 1 or > PageMax)
        {
            return Problem.MalformedQuery("limit", $"Must be from 1 to {PageMax}.").ToResult();
        }

        Guid before = default;
        if (cursor is not null && !Guid.TryParseExact(cursor, "N", out before))
        {
            return Problem.MalformedQuery("cursor", "Must be the nextCursor of the page before.").ToResult();
        }

        // One more than asked for tells whether there is a next page.
        Caller caller = context.GetCaller();
        IReadOnlyList<KeyRow> rows = await store.ListAsync(caller, cursor is null ? null : before, limit + 1, cancellationToken);
        return TypedResults.Ok(new KeyPage(
            [.. rows.Take(limit).Where(row => row.IsSeenBy(caller)).Select(row => KeyView.Of(row, Now(time)))],
            rows.Count > limit ? rows[limit - 1].Id.ToString("N") : null));
    }

    private static async Task<IResult> GetAsync(
        string key, HttpContext context, KeyStore store, TimeProvider time, CancellationToken cancellationToken) =>
        await FindAsync(key, context, store, cancellationToken) is { } row
            ? TypedResults.Ok(KeyView.Of(row, Now(time)))
            : KeyProblems.NotFound(key).ToResult();

    private static async Task<IResult> ChangeAsync(
        string key, HttpContext context, KeyStore store, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        (CallLimits? limits, Problem? problem) = await KeyBody.ReadLimitsAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem.ToResult();
        }

        if (await FindAsync(key, context, store, cancellationToken) is not { } row
            || await store.ChangeLimitsAsync(row.Id, limits, AuditActor.Of(context), cancellationToken) is not { } changed)
        {
            return KeyProblems.NotFound(key).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        return TypedResults.Ok(KeyView.Of(changed, Now(time)));
    }

    private static async Task<IResult> RevokeAsync(
        string key, HttpContext context, KeyStore store, KeyRing ring, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, context, store, cancellationToken) is not { } row || !await store.RevokeAsync(row.Id, AuditActor.Of(context), cancellationToken))
        {
            return KeyProblems.NotFound(key).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> RotateAsync(
        string key, HttpContext context, KeyStore store, KeyRing ring, TimeProvider time, CancellationToken cancellationToken)
    {
        (TimeSpan overlap, Problem? problem) = await KeyBody.ReadOverlapAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem.ToResult();
        }

        if (await FindAsync(key, context, store, cancellationToken) is not { } row
            || await store.RotateAsync(row.Id, overlap, AuditActor.Of(context), cancellationToken) is not { } made)
        {
            return KeyProblems.NotFound(key).ToResult();
        }

        await ring.TakeInAsync(cancellationToken);
        NeverKeep(context);
        return TypedResults.Ok(KeyView.Of(made.Row, Now(time), made.Text));
    }

    /// <summary>Null also for a key whose rights the caller does not have.</summary>
    private static async Task<KeyRow?> FindAsync(string key, HttpContext context, KeyStore store, CancellationToken cancellationToken) =>
        Guid.TryParseExact(key, "D", out Guid id) && await store.FindAsync(id, cancellationToken) is { } row
        && row.IsSeenBy(context.GetCaller())
            ? row
            : null;

    private static string CreatorOf(Caller caller) => caller.KeyId is { } key ? $"{caller.Actor} ({key})" : caller.Actor;

    /// <summary>No proxy and no browser keeps an answer with a secret.</summary>
    private static void NeverKeep(HttpContext context) => context.Response.Headers.CacheControl = "no-store";

    private static DateTime Now(TimeProvider time) => time.GetUtcNow().UtcDateTime;
}
