using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using PipelineService.Access.Audit;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Access.Audit;

/// <summary>No call changes something without an entry, and docs/audit.md says which there are.</summary>
public sealed class AuditedRoutesTests
{
    [Fact]
    public async Task Every_route_that_changes_something_has_its_action_or_says_why_not()
    {
        await using WebApplication app = WebApplication.CreateBuilder().AddPipelineService().Build();
        app.UsePipelineService();
        RouteEndpoint[] routes =
            [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];
        RouteEndpoint[] changing = [.. routes.Where(Changes)];

        Assert.InRange(changing.Length, 7, int.MaxValue);
        Assert.Empty(
            from route in changing
            where route.Metadata.GetMetadata<AuditAction>() is null
                && string.IsNullOrWhiteSpace(route.Metadata.GetMetadata<NotAudited>()?.Reason)
            select route.DisplayName);
        Assert.Empty(
            from route in routes
            let action = route.Metadata.GetMetadata<AuditAction>()
            where action is not null && !AuditActions.All.Contains(action)
            select $"{route.DisplayName} has an action of its own: {action.Name}");
    }

    [Fact]
    public void The_page_names_every_action()
    {
        string section = MarkdownText.Section(RepositoryFiles.Read("docs", "audit.md"), "What is told");
        IEnumerable<string?> shown = MarkdownText.Rows(section).Select(row => MarkdownText.Code(row[0]));

        Assert.Equal(AuditActions.All.Select(action => action.Name).Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    /// <summary>Entries of years are looked for by these.</summary>
    [Fact]
    public void The_names_of_actions_stay() => Assert.Equal(
        [
            "dataset.put", "dataset.delete", "upload.take", "upload.delete", "job.cancel", "job.revert", "job.replace", "job.rerun",
            "job.approve", "job.reject",
            "gaps.fill", "job.delete", "jobs.expire", "dead_letters.read", "record.trace", "rows.read", "model.put", "model.delete", "key.create", "key.change", "key.rotate", "key.revoke",
            "tenant.put", "tenant.delete", "dataset.limit", "webhook.put", "webhook.delete", "webhook.rotate", "webhook.test",
            "webhook.redeliver", "webhook.disable", "source.put", "source.delete", "source.pause", "source.resume", "service.start", "read",
        ],
        AuditActions.All.Select(action => action.Name));

    private static bool Changes(RouteEndpoint route) =>
        route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Any(method => method is not ("GET" or "HEAD")) != false
        && route.RoutePattern.RawText?.Length > 0;
}
