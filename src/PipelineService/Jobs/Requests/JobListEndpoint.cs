using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs.Requests;

/// <summary>The list of jobs: what people look for when they do not know the id.</summary>
public static class JobListEndpoint
{
    private const int TextLengthMax = 200;

    public static void MapJobList(this IEndpointRouteBuilder jobs) =>
        jobs.MapGet("/", ListAsync)
            .Requires(AccessScope.Read, AccessSubject.Jobs)
            .WithName("listJobs").WithSummary("Jobs, newest first")
            .WithDescription("All that is asked for must hold. A page may have fewer jobs than `limit`, with `text` even none, although "
                + "more follow: there are no more when `nextCursor` is null.")
            .Takes(new ShownParameter(
                "state",
                "Jobs in this state; in any of several, with commas between or the parameter repeated.",
                Shapes.ListOf(Shapes.Named(nameof(JobState)))))
            .Takes(Paging.Shown)
            .Produces<JobPage>()
            .ProducesProblems(Problem.MalformedQuery("limit", "It is out of range."))
            .NeedsDatabase();

    private static async Task<IResult> ListAsync(
        [AsParameters] JobListParameters parameters, HttpContext context, JobQueries jobs, IOptions<JobsOptions> options,
        CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        JobFilter filter = FilterOf(parameters, options.Value, faults);
        if (faults.Count > 0)
        {
            return Paging.Refuse(faults);
        }

        Caller caller = context.GetCaller();
        if (!MayShowAny(filter, caller))
        {
            return TypedResults.Json(new JobPage([], null), PipelineJson.Options); // whether there are such jobs or not
        }

        JobRows page = await jobs.ListAsync(Within(filter, caller), cancellationToken);
        return TypedResults.Json(
            new JobPage([.. page.Rows.Select(JobView.Of)], page.Next is { } next ? Paging.CursorOf(next) : null), PipelineJson.Options);
    }

    /// <summary>Whether what is asked for can be the caller's at all.</summary>
    private static bool MayShowAny(JobFilter filter, Caller caller) =>
        (filter.Dataset is null || caller.Datasets.Match(filter.Dataset))
        && (filter.Source is null || caller.Source is null || filter.Source == caller.Source)
        && (filter.Tenant is null || caller.Tenant is null || filter.Tenant == caller.Tenant);

    private static JobFilter Within(JobFilter filter, Caller caller) => filter with
    {
        // By its name alone where there is but one, for which there is an index.
        Dataset = filter.Dataset ?? (caller.Datasets is { Names: [string only], Prefixes: [] } ? only : null),
        Source = filter.Source ?? caller.Source,
        Tenant = filter.Tenant ?? caller.Tenant,
        DatasetNames = caller.Datasets.Names,
        DatasetPrefixes = caller.Datasets.Prefixes,
    };

    private static JobFilter FilterOf(
        JobListParameters parameters, JobsOptions options, Dictionary<string, string[]> faults) => new()
        {
            Dataset = parameters.Dataset,
            Table = TableOf(parameters.Table, faults),
            States = StatesOf(parameters.State, faults),
            Source = parameters.Source,
            Tenant = parameters.Tenant,
            Batch = BatchOf(parameters.Batch, faults),
            Text = TextOf(parameters.Text, faults),
            CreatedAfter = QueryTime.Parse("createdAfter", parameters.CreatedAfter, faults),
            CreatedBefore = QueryTime.Parse("createdBefore", parameters.CreatedBefore, faults),
            FinishedAfter = QueryTime.Parse("finishedAfter", parameters.FinishedAfter, faults),
            FinishedBefore = QueryTime.Parse("finishedBefore", parameters.FinishedBefore, faults),
            Cursor = Paging.ParseCursor(parameters.Cursor, faults),
            Limit = Paging.ParseLimit(parameters.Limit, options, faults),
        };

    private static string? TableOf(string? text, Dictionary<string, string[]> faults)
    {
        TableName? table = text is null ? null : TableNameText.Parse(text);
        if (text is not null && table is null)
        {
            faults["/table"] = [$"'{Core.Rules.Excerpt.Of(text)}' is no table: write schema.table, or the name of a table in public."];
        }

        return table is null ? null : TableNameText.Format(table);
    }

    /// <summary>One state, several with commas between, or the parameter several times.</summary>
    private static string[]? StatesOf(string[]? given, Dictionary<string, string[]> faults)
    {
        string[] states = [.. (given ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)).Distinct()];
        string[] known = [.. Enum.GetValues<JobState>().Select(s => s.ToText())];
        string[] unknown = [.. states.Except(known)];
        if (unknown.Length > 0)
        {
            faults["/state"] =
            [
                .. unknown.Take(Problem.UnknownShownMax).Select(state =>
                    $"'{Core.Rules.Excerpt.Of(state)}' is no state; use one of {string.Join(", ", known)}.{Suggestion.For(state, known)}"),
            ];
        }

        return states.Length == 0 ? null : states;
    }

    private static Guid? BatchOf(string? text, Dictionary<string, string[]> faults)
    {
        Guid? batch = Guid.TryParseExact(text, "D", out Guid id) ? id : null;
        if (text is not null && batch is null)
        {
            faults["/batch"] = [$"'{Core.Rules.Excerpt.Of(text)}' is no batch: it is a UUID, as the answer to a form gave it."];
        }

        return batch;
    }

    private static string? TextOf(string? text, Dictionary<string, string[]> faults)
    {
        if (text?.Length is 0 or > TextLengthMax)
        {
            faults["/text"] = [$"It has {text!.Length} characters; 1 to {TextLengthMax} are looked for."];
        }

        return text;
    }
}

/// <summary>What a list of jobs may be asked for.</summary>
internal sealed record JobListParameters
{
    [FromQuery(Name = "dataset"), Description("Jobs of this dataset.")]
    public string? Dataset { get; init; }

    [FromQuery(Name = "table"), Description("Jobs that load into this table, whatever their dataset: `schema.table`, "
        + "or a table in `public`.")]
    public string? Table { get; init; }

    [FromQuery(Name = "state")]
    public string[]? State { get; init; }

    [FromQuery(Name = "source"), Description("Jobs of uploads with this `source`.")]
    public string? Source { get; init; }

    [FromQuery(Name = "tenant"), Description("Jobs of this tenant's datasets.")]
    public string? Tenant { get; init; }

    [FromQuery(Name = "batch"), Description("The jobs of the files of one form.")]
    public string? Batch { get; init; }

    [FromQuery(Name = "text"), Description(
        "Jobs that have this text, case ignored, in their source, their idempotency key or their error (code, title, detail). "
        + "A page looks at 50,000 jobs at most.")]
    public string? Text { get; init; }

    [FromQuery(Name = "createdAfter"), Description("Jobs created then or later: an RFC 3339 time, "
        + "or a date for its begin in UTC.")]
    public string? CreatedAfter { get; init; }

    [FromQuery(Name = "createdBefore"), Description("Jobs created earlier than that.")]
    public string? CreatedBefore { get; init; }

    [FromQuery(Name = "finishedAfter"), Description("Jobs that ended then or later.")]
    public string? FinishedAfter { get; init; }

    [FromQuery(Name = "finishedBefore"), Description("Jobs that ended earlier than that.")]
    public string? FinishedBefore { get; init; }

    [FromQuery(Name = "limit")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
}
