using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using PipelineService.Access;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Figures;

/// <summary>The resource <c>/v1/stats</c>.</summary>
public static class StatsEndpoints
{
    public static void MapStats(this IEndpointRouteBuilder api) => api.MapGet("/stats", GetAsync)
        .Requires(AccessScope.Read, AccessSubject.Figures)
        .WithTags(DocumentTags.Figures)
        .WithName("getStats").WithSummary("What became of records, by minute")
        .WithDescription("Exact figures of what the caller may see, from the rows of jobs: records a minute, the share of rejects and why, "
            + "how long jobs took. A job counts in the minute in which it ended; records of a dataset with `load.commit` `chunk` in the minute "
            + "in which their chunk was committed. Figures stay when jobs are deleted, and when their rows are reverted: that has a figure "
            + "of its own. Without `by` it is one group. Steps times groups may be 50,000 at most, and the time 31 days.")
        .Takes(
            new ShownParameter(
                "by", "What groups are told apart by: `dataset`, `source`, or both, with a comma between or the parameter repeated.",
                Shapes.ListOf(Shapes.Text)),
            new ShownParameter(
                "step", "The length of a step, in whole minutes: `PT1M` (default) to `P31D`.", Shapes.Matching(DurationText.Pattern)),
            new ShownParameter(
                "limit", "Groups at most, those with the most records.",
                Shapes.WholeNumber(1, StatsQuery.LimitMax, StatsQuery.LimitDefault)))
        .Produces<StatsView>()
        .ProducesProblems(Problem.MalformedQuery("step", StatsQuery.StepFault("PT90S")))
        .NeedsDatabase();

    private static async Task<IResult> GetAsync(
        [AsParameters] StatsParameters parameters, HttpContext context, FigureStore store, TimeProvider time,
        CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        StatsQuestion question = new StatsQuery(context.GetCaller(), time.GetDatabaseNow().UtcDateTime, faults).Read(parameters);
        return faults.Count > 0
            ? Problem.MalformedQuery(faults).ToResult()
            : TypedResults.Json(
                new StatsBuilder(question, await store.ReadAsync(question, cancellationToken)).Build(), PipelineJson.Options);
    }
}

/// <summary>What figures may be asked for.</summary>
internal sealed record StatsParameters
{
    [FromQuery(Name = "by")]
    public string[]? By { get; init; }

    [FromQuery(Name = "dataset"), Description("Figures of this dataset, or of those whose names begin so: `acme_*`.")]
    public string? Dataset { get; init; }

    [FromQuery(Name = "source"), Description("Figures of this source; empty: of uploads that named none.")]
    public string? Source { get; init; }

    [FromQuery(Name = "from"), Description("From then on: an RFC 3339 time, or a date for its begin in UTC. Default: an hour before `to`.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("Up to then. Default: now.")]
    public string? To { get; init; }

    [FromQuery(Name = "step")]
    public string? Step { get; init; }

    [FromQuery(Name = "limit")]
    public string? Limit { get; init; }
}
