using PipelineService.Access.Audit;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Access.Audit;

/// <summary>The process that links dies: before its links are written, and when they are committed.</summary>
public sealed class AuditChainDeathTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly AuditStand _stand = new(database);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_chain_goes_on_after_a_death_at_each_of_its_steps()
    {
        int deaths = 0;
        foreach (FaultPoint point in (FaultPoint[])[FaultPoint.AuditLinking, FaultPoint.AuditLinked])
        {
            // The entry of the start is linked first; then those that are written here.
            await using ServiceProcess service = Start($"{point}:kill:2");
            await service.WaitUntilReadyAsync(Token);
            while (!service.HasExited)
            {
                await _stand.WriteAsync($"{point}");
                await Task.WhenAny(service.WaitForExitAsync(Token), Task.Delay(AuditChain.Interval, TimeProvider.System, Token));
            }

            await service.WaitForExitAsync(Token);
            Assert.Equal([point.ToString()], service.FaultsReached);
            deaths++;
        }

        await using ServiceProcess last = Start("");
        Assert.True(await last.WaitUntilReadyAsync(Token), last.Log);
        await BoundedWait.UntilAsync("all entries to be linked", async () => (await _stand.VerifyAsync()).Unlinked == 0);
        AuditVerdict verdict = await _stand.VerifyAsync();

        Assert.Equal((null, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.audit")), (verdict.Fault, verdict.Entries));
        Assert.Equal(deaths + 1, await database.ScalarAsync<long>("SELECT count(*) FROM pipeline.audit WHERE action = 'service.start'"));
    }

    public void Dispose() => _folder.Dispose();

    private ServiceProcess Start(string fault) => ServiceProcess.Start(
        database.ConnectionString, Path.Combine(_folder.Path, "spool"), ServiceProcess.FreePort(), (FaultPoints.Variable, fault));
}
