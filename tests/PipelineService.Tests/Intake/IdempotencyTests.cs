using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>The same key is the same upload.</summary>
public sealed class IdempotencyTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Answers_the_same_bytes_under_the_same_key_with_the_same_job()
    {
        await _api.DeclareAsync("repeated", Readings.Definition());

        ApiAnswer first = await UploadAsync("repeated", Readings.Csv(3), "once");
        ApiAnswer second = await UploadAsync("repeated", Readings.Csv(3), "once");

        Assert.Null(first["Idempotency-Replayed"]);
        Assert.Equal("true", second["Idempotency-Replayed"]);
        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Equal(first.Body, second.Body);
        Assert.Equal(first["Location"], second["Location"]);
        Assert.Equal(3, await running.CountRowsAsync("repeated"));
        running.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task Refuses_other_bytes_under_a_used_key()
    {
        await _api.DeclareAsync("reused", Readings.Definition());
        await UploadAsync("reused", Readings.Csv(3), "once");

        ApiAnswer answer = await UploadAsync("reused", Readings.Csv(4), "once");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Equal("idempotency_key_reused", answer.Problem.Code);
        Assert.Equal(1, await running.CountJobsAsync("reused"));
        Assert.Equal(3, await running.CountRowsAsync("reused"));
        running.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task Keeps_keys_of_different_datasets_apart()
    {
        await _api.DeclareAsync("one_dataset", Readings.Definition());
        await _api.DeclareAsync("other_dataset", Readings.Definition());

        ApiAnswer first = await UploadAsync("one_dataset", Readings.Csv(3), "shared");
        ApiAnswer second = await UploadAsync("other_dataset", Readings.Csv(4), "shared");

        Assert.NotEqual(first.Job.Id, second.Job.Id);
        Assert.Equal(4, second.Job.Records.Loaded);
    }

    [Fact]
    public async Task Forgets_the_key_of_an_upload_that_was_refused()
    {
        await _api.DeclareAsync("retried", Readings.Definition());
        await _api.UploadAsync("retried", Readings.Csv(3), headers:
            [("Idempotency-Key", "again"), ("Content-Digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:")]);
        await running.AssertNothingIsLeftAsync("retried");

        ApiAnswer answer = await UploadAsync("retried", Readings.Csv(3), "again");

        Assert.Null(answer["Idempotency-Replayed"]);
        Assert.Equal(3, answer.Job.Records.Loaded);
    }

    [Fact]
    public async Task Refuses_a_second_upload_while_the_first_still_arrives()
    {
        await _api.DeclareAsync("overlapping", Readings.Definition());
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, "overlapping");
        using HeldBody body = new();
        Task<ApiAnswer> first = _api.UploadAsync("overlapping", body, ("Idempotency-Key", "once"), ("Prefer", "wait=30"));
        await body.SendAsync(Readings.Csv(100_000)); // enough to be loaded early, so its job is registered
        await rows.RegisteredAsync();

        ApiAnswer second = await UploadAsync("overlapping", Readings.Csv(1), "once");
        body.Complete();

        Assert.Equal(HttpStatusCode.Conflict, second.Status);
        Assert.Equal("upload_in_progress", second.Problem.Code);
        Assert.NotNull(second["Retry-After"]);
        Assert.Equal(100_000, (await first).Job.Records.Loaded);
        Assert.Equal(1, await running.CountJobsAsync("overlapping"));
    }

    [Fact]
    public async Task Makes_one_job_of_twenty_uploads_at_once_under_one_key()
    {
        await _api.DeclareAsync("crowded", Readings.Definition());

        ApiAnswer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => UploadAsync("crowded", Readings.Csv(100), "once")));

        ApiAnswer[] refused = [.. answers.Where(a => a.Status == HttpStatusCode.Conflict)];
        ApiAnswer[] taken = [.. answers.Except(refused)];
        Assert.All(refused, a => Assert.Equal("upload_in_progress", a.Problem.Code));
        Assert.All(taken, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.Single(taken, a => a["Idempotency-Replayed"] is null);
        Assert.Single(taken.Select(a => a.Job.Id).Distinct());
        Assert.Equal(1, await running.CountJobsAsync("crowded"));
        Assert.Equal(100, await running.CountRowsAsync("crowded"));
        running.AssertSpoolIsEmpty();
    }

    private Task<ApiAnswer> UploadAsync(string dataset, string body, string key) =>
        _api.UploadAsync(dataset, body, headers: [("Idempotency-Key", key), ("Prefer", "wait=30")]);
}
