using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Telemetry;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>Whoever is refused can ask as often as they like, and fills nobody's disk by that.</summary>
public sealed class AuditRefusalsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_so_many_a_second_and_counts_the_rest()
    {
        const int Asked = 3_000;
        CountingTime time = new();
        await using ServiceProvider services = new ServiceCollection().AddMetrics().AddSingleton<PipelineMetrics>().BuildServiceProvider();
        using AuditRefusals refusals = new(
            new AuditWriter(database.Database), services.GetRequiredService<PipelineMetrics>(), database.Database.Readiness, time,
            NullLogger<AuditRefusals>.Instance);
        DefaultHttpContext context = new() { Request = { Method = "POST", Path = "/v1/jobs/x/cancel" } };
        context.Request.RouteValues["id"] = new string('x', 5_000);
        for (int i = 0; i < Asked; i++)
        {
            refusals.Tell(context, AuditActions.JobCancel, 403, "forbidden");
        }

        await refusals.StartAsync(Token);
        await BoundedWait.UntilAsync("the first to be written", async () => await CountAsync() == AuditRefusals.AtOnceMax);
        await BoundedWait.UntilAsync("it to wait for the next second", () => time.TimersMade > 0);
        Assert.Equal(AuditRefusals.AtOnceMax, await CountAsync());
        time.Advance(AuditRefusals.Interval);
        await BoundedWait.UntilAsync("those of the next second", async () => await CountAsync() == 2 * AuditRefusals.AtOnceMax);

        Assert.InRange(refusals.Dropped, Asked / 2, Asked - AuditRefusals.AtOnceMax);
        await refusals.StopAsync(Token);
    }

    private Task<long> CountAsync() => database.ScalarAsync<long>("SELECT count(*) FROM pipeline.audit WHERE outcome = 'refused'");
}
