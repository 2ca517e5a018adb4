using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

/// <summary>
/// The commit of a chunk waits for no flush, so that a PostgreSQL that crashes may forget it. A job does not end on what its attempt
/// remembers, but on the checkpoints that are there.
/// </summary>
public sealed class ForgottenChunkTests(ImpatientService service) : IClassFixture<ImpatientService>
{
    private const int Records = 3_000;

    [Fact]
    public async Task A_chunk_whose_commit_was_forgotten_is_loaded_again()
    {
        await service.DeclareAsync("forgotten", """{ "name": "id", "type": "integer" }""", commit: "chunk");
        using HeldBody body = new();
        await using JobRowSignal row = await JobRowSignal.ListenAsync(service.Database, "forgotten");
        Task<ApiAnswer> answer = service.Api.UploadAsync("forgotten", body, ("Prefer", "wait=30"));
        await body.SendAsync("id\n" + Numbers(1));
        Guid job = await row.RegisteredAsync();
        await service.Api.WhenAsync(job, "half loaded", j => j.Records.Loaded == Records);

        // What the crash forgets: the rows and the checkpoint of the chunk, together.
        await service.Database.ExecuteAsync(
            $"DELETE FROM public.forgotten; DELETE FROM pipeline.job_chunks WHERE job_id = '{job}'");
        await body.SendAsync(Numbers(Records + 1));
        body.Complete();

        JobView end = (await answer).Job;
        Assert.Equal((JobState.Succeeded, new RecordsView(2 * Records, 2 * Records, 0, 0)), (end.State, end.Records));
        Assert.Equal(2 * Records, await service.Database.ScalarAsync<long>(
            "SELECT count(DISTINCT id) FROM public.forgotten WHERE _record = id"));
        Assert.Equal(2 * Records, await service.CountRowsAsync("forgotten"));
    }

    private static string Numbers(int first) => string.Concat(Enumerable.Range(first, Records).Select(i => $"{i}\n"));
}
