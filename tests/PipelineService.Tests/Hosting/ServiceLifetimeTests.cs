using System.Runtime.InteropServices;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Hosting;
using PipelineService.Hosting.Health;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

public sealed class ServiceLifetimeTests : IDisposable
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(7);

    private readonly ApplicationLifetime _application = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Readiness_fails_first_and_connections_are_refused_later()
    {
        using ServiceLifetime lifetime = Started(Delay);
        Assert.Equal(HealthStatus.Healthy, await ReadinessAsync(lifetime));

        lifetime.Stop(PosixSignal.SIGTERM);

        Assert.Equal(HealthStatus.Unhealthy, await ReadinessAsync(lifetime));
        _time.Advance(Delay - TimeSpan.FromMilliseconds(1));
        Assert.False(_application.ApplicationStopping.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await StoppedAsync();
        Assert.Equal(HealthStatus.Unhealthy, await ReadinessAsync(lifetime));
    }

    [Fact]
    public void A_second_signal_ends_the_wait()
    {
        using ServiceLifetime lifetime = Started(Delay);

        lifetime.Stop(PosixSignal.SIGTERM);
        Assert.False(_application.ApplicationStopping.IsCancellationRequested);
        lifetime.Stop(PosixSignal.SIGTERM);

        Assert.True(_application.ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public void Ctrl_C_waits_for_nobody()
    {
        using ServiceLifetime lifetime = Started(Delay);

        lifetime.Stop(PosixSignal.SIGINT);

        Assert.True(_application.ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public void Nobody_waits_without_a_delay_or_before_the_start_is_done()
    {
        using ServiceLifetime lifetime = Started(TimeSpan.Zero);
        lifetime.Stop(PosixSignal.SIGTERM);
        Assert.True(_application.ApplicationStopping.IsCancellationRequested);

        ApplicationLifetime starting = new(NullLogger<ApplicationLifetime>.Instance);
        using ServiceLifetime early = Lifetime(starting, Delay);
        early.Stop(PosixSignal.SIGTERM);
        Assert.True(starting.ApplicationStopping.IsCancellationRequested);
    }

    public void Dispose() => _application.StopApplication();

    private ServiceLifetime Started(TimeSpan delay)
    {
        _application.NotifyStarted();
        return Lifetime(_application, delay);
    }

    private ServiceLifetime Lifetime(IHostApplicationLifetime application, TimeSpan delay) => new(
        application,
        Options.Create(new HostingOptions { DrainDelay = delay }),
        new HostingEnvironment { EnvironmentName = Environments.Production },
        _time,
        NullLogger<ServiceLifetime>.Instance);

    private Task StoppedAsync()
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _application.ApplicationStopping.Register(stopped.SetResult);
        return stopped.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    private static async Task<HealthStatus> ReadinessAsync(ServiceLifetime lifetime) =>
        (await new StopHealthCheck(lifetime).CheckHealthAsync(new HealthCheckContext(), TestContext.Current.CancellationToken)).Status;
}
