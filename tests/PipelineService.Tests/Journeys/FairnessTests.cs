using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys;

/// <summary>Two tenants, of whom one brings many jobs before the other brings one.</summary>
public sealed class FairnessTests(GuardedService service) : IClassFixture<GuardedService>
{
    private static readonly string[] Flooded = ["flood_1", "flood_2", "flood_3"];

    /// <summary>All of them wait when sessions become free, and the one is begun before all but a first turn of the many.</summary>
    [Fact]
    public async Task One_job_is_begun_among_the_first_whatever_another_tenant_has_waiting()
    {
        Api many = await service.MakeDatasetAsync(Flooded[0], "many");
        await many.DeclareAsync(Flooded[1], Readings.Definition());
        await many.DeclareAsync(Flooded[2], Readings.Definition());
        Api one = await service.MakeDatasetAsync("single", "one");
        JobView last;
        using (HeldSessions.All(service.Service.Services))
        {
            for (int i = 0; i < 45; i++)
            {
                Assert.Equal(JobState.Queued, (await many.UploadAsync(Flooded[i % 3], Readings.Csv(100))).Job.State);
            }

            last = (await one.UploadAsync("single", Readings.Csv(1))).Job;
            Assert.Equal(JobState.Queued, last.State);
        }

        Assert.Equal(JobState.Succeeded, (await one.WhenFinalAsync(last.Id)).State);

        long before = await service.Database.ScalarAsync<long>($"""
            SELECT count(*) FROM pipeline.jobs j, pipeline.jobs single
            WHERE single.id = '{last.Id}' AND j.tenant = 'many' AND j.started_at < single.started_at
            """);
        Assert.InRange(before, 0, 2);
        await BoundedWait.UntilAsync("the many to be loaded", async () =>
            await service.Database.ScalarAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE tenant = 'many' AND state = 'succeeded'") == 45);
    }
}
