using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Write;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>How far a job is while its upload still arrives.</summary>
public sealed class ProgressTests(ImpatientService service) : IClassFixture<ImpatientService>
{
    private const int Records = 3_000;

    private static readonly string First = "id\n" + Numbers(1);

    private static readonly string Rest = Numbers(Records + 1);

    [Theory]
    [InlineData("announced", true)]
    [InlineData("unannounced", false)]
    public async Task Ratio_is_the_part_of_the_announced_length_that_is_loaded(string table, bool isAnnounced)
    {
        await service.DeclareAsync(table, """{ "name": "id", "type": "integer" }""");
        using HeldBody body = new(length: isAnnounced ? First.Length + Rest.Length : null);
        await using JobRowSignal row = await JobRowSignal.ListenAsync(service.Database, table);
        Task<ApiAnswer> answer = service.Api.UploadAsync(table, body, ("Prefer", "wait=30"));
        await body.SendAsync(First);

        JobView half = await service.Api.WhenAsync(await row.RegisteredAsync(), "half loaded", job => job.Records.Loaded == Records);

        double loaded = (double)(First.Length - "id\n".Length) / (First.Length + Rest.Length);
        Assert.Equal(JobState.Receiving, half.State);
        Assert.Equal(isAnnounced ? Math.Round(loaded, 4) : 0, half.Progress.Ratio);
        Assert.Equal(isAnnounced, half.Progress.EstimatedFinishAt is not null);
        await body.SendAsync(Rest);
        body.Complete();
        Assert.Equal(1, (await answer).Job.Progress.Ratio);
    }

    private static string Numbers(int first) => string.Concat(Enumerable.Range(first, Records).Select(i => $"{i}\n"));
}
