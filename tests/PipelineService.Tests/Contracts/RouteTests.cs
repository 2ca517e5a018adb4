using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using PipelineService.Hosting.Http;

namespace PipelineService.Tests.Contracts;

/// <summary>What is said of every call of the API is said once, on the group that they hang on; these few are no calls of it.</summary>
public sealed class RouteTests
{
    private static readonly string[] OutsideOfTheApi =
        ["/", "/health/live", "/health/ready", "/metrics", "/openapi/v1.json", "/openapi/v1.yaml"];

    [Fact]
    public async Task Every_route_hangs_on_the_one_group_but_those_that_are_named()
    {
        await using WebApplication app = WebApplication.CreateBuilder().AddPipelineService().Build();
        app.UsePipelineService();
        RouteEndpoint[] routes =
            [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];

        Assert.Equal(OutsideOfTheApi, routes.Where(route => !IsInGroup(route)).Select(PathOf).Distinct().Order());
        Assert.All(routes.Where(IsInGroup), route => Assert.StartsWith("/v1/", PathOf(route), StringComparison.Ordinal));
    }

    private static bool IsInGroup(Endpoint route) => route.Metadata.GetMetadata<CheckedQuery>() is not null;

    private static string PathOf(RouteEndpoint route) => "/" + route.RoutePattern.RawText!.Trim('/');
}
