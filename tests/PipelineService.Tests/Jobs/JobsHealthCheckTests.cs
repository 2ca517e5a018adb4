using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs;

public sealed class JobsHealthCheckTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Says_when_jobs_wait_and_none_gets_on()
    {
        JobFlow flow = new(_time);
        JobsHealthCheck check = new(
            flow,
            running.Service.Services.GetRequiredService<JobQueue>(),
            running.Service.Services.GetRequiredService<ISpool>());
        _time.Advance(JobsHealthCheck.StillMax * 2);
        Assert.Equal(HealthStatus.Healthy, await StatusAsync(check));

        await running.Api.DeclareAsync("still", Readings.Definition());
        Guid job = (await running.Api.LoadAsync("still", Readings.Csv(1))).Id;
        await running.Database.ExecuteAsync($"""
            UPDATE pipeline.jobs
            SET state = 'queued', finished_at = NULL, not_before = 'infinity', waiting_for = 'table', received_at = now() - interval '1 h'
            WHERE id = '{job}'
            """);

        Assert.Equal(HealthStatus.Degraded, await StatusAsync(check));
        flow.Move();
        Assert.Equal(HealthStatus.Healthy, await StatusAsync(check));
        ApiAnswer ready = await running.Api.GetAsync("/health/ready");
        Assert.Contains("\"jobs\":{\"status\":\"healthy\"", ready.Body, StringComparison.Ordinal);
    }

    private static async Task<HealthStatus> StatusAsync(JobsHealthCheck check) =>
        (await check.CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken)).Status;
}
