using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies in the middle of an array of JSON that it loads chunk by chunk, and goes on there: no checkpoint knows more of the
/// document than where a record begins.
/// </summary>
public sealed class DeathInAnArrayTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    private const int Records = 1_000;

    [Fact]
    public async Task Goes_on_in_the_middle_of_an_array()
    {
        OneForm.SkipUnlessItsTurn(nameof(DeathInAnArrayTests));
        await using Field field = new(database, "array");
        await field.StartAsync($"{FaultPoint.Committed}:kill:3");
        Task sending = field.Send(Sample.ByChunk, Records, isJson: true);
        await field.Service.WaitForExitAsync(field.Token);

        long before = await database.ScalarAsync<long>("SELECT coalesce(max(end_offset), 0) FROM pipeline.job_chunks");
        Assert.InRange(before, 4096, Sample.Make(Sample.ByChunk, "", Records, isJson: true).Body.Length - 4096);

        await field.StartAsync($"{FaultPoint.CheckpointWritten}:kill:2");
        await field.Service.WaitForExitAsync(field.Token);
        await field.StartAsync("");
        await sending;
        await field.EndWellAsync();
    }
}
