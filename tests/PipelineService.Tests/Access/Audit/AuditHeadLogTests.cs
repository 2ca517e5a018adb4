using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Telemetry;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>The log says where the chain ends: whoever keeps the log has the anchor.</summary>
public sealed class AuditHeadLogTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private readonly AuditStand _stand = new(database);

    [Fact]
    public async Task Tells_the_head_once_a_minute_when_it_has_changed()
    {
        await _stand.RenewAsync(2);
        LogRecorder log = new();
        CountingTime time = new();
        await using ServiceProvider services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(new Serilog.Extensions.Logging.SerilogLoggerProvider(
                new Serilog.LoggerConfiguration().WriteTo.Sink(log).CreateLogger(), dispose: true)))
            .AddMetrics().AddSingleton<PipelineMetrics>()
            .AddSingleton<TimeProvider>(time).AddSingleton(database.Database).AddSingleton(database.Database.Readiness).AddAudit()
            .BuildServiceProvider();
        using AuditHeadLog duty = ActivatorUtilities.CreateInstance<AuditHeadLog>(services);
        await duty.StartAsync(TestContext.Current.CancellationToken);
        await BoundedWait.UntilAsync("the duty to wait", () => time.TimersMade > 0);
        Assert.Empty(Heads());

        time.Advance(AuditHeadLog.Interval);
        await BoundedWait.UntilAsync("the first line", () => Heads().Length == 1);
        string head = (await _stand.VerifyAsync()).Head!.ToString();
        Assert.Equal($"The audit's chain ends at {head}; it has 2 entries.", Heads()[0]);

        time.Advance(AuditHeadLog.Interval);
        await _stand.WriteAsync("next");
        await _stand.LinkAllAsync();
        await BoundedWait.UntilAsync("the next line", () =>
        {
            time.Advance(AuditHeadLog.Interval);
            return Heads().Length == 2;
        });
        Assert.EndsWith("it has 3 entries.", Heads()[1], StringComparison.Ordinal);
        await duty.StopAsync(TestContext.Current.CancellationToken);

        string[] Heads() => [.. log.Lines.Select(line => line.Text).Where(text => text.Contains("chain ends", StringComparison.Ordinal))];
    }
}
