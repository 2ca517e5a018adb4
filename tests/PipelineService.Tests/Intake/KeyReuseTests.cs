using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>A key tells the truth about its data: where nothing of it is loaded and trying again may help, it is tried again.</summary>
public sealed class KeyReuseTests(LoadingService running) : IClassFixture<LoadingService>
{
    private const string ByChunk = "'load': { 'commit': 'chunk' }, 'rejects': { 'maxCount': 1 }";

    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("reverted_same", 3)]
    [InlineData("reverted_other", 4)]
    public async Task Loads_again_under_the_key_of_a_job_that_was_reverted(string dataset, int records)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());
        JobView first = (await UploadAsync(dataset, Readings.Csv(3))).Job;
        await _api.RevertAsync(first.Id);

        ApiAnswer second = await UploadAsync(dataset, Readings.Csv(records));
        ApiAnswer third = await UploadAsync(dataset, Readings.Csv(records));

        AssertLoaded(second, records);
        Assert.NotEqual(first.Id, second.Job.Id);
        Assert.Equal((second.Job.Id, "true"), (third.Job.Id, third["Idempotency-Replayed"]));
        Assert.Equal(records, await running.CountRowsAsync(dataset));
        Assert.Equal(3, (await _api.GetAsync(first.Links.Self)).Job.Reverted?.Rows);
    }

    [Fact]
    public async Task Makes_one_job_of_those_who_send_again_at_once_after_a_revert()
    {
        await using ServiceUnderTest other = await ServiceUnderTest.StartAsync(running.Database.ConnectionString);
        await _api.DeclareAsync("raced", Readings.Definition());
        await _api.RevertAsync((await UploadAsync("raced", Readings.Csv(100))).Job.Id);

        Api[] instances = [_api, new Api(other.Client)];
        ApiAnswer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => UploadAsync("raced", Readings.Csv(100), instances[i % 2])));

        ApiAnswer[] taken = [.. answers.Where(a => a.Status == HttpStatusCode.OK)];
        Assert.All(answers.Except(taken), a => Assert.Equal("upload_in_progress", a.Problem.Code));
        Assert.Single(taken, a => a["Idempotency-Replayed"] is null);
        Assert.Single(taken.Select(a => a.Job.Id).Distinct());
        Assert.Equal(2, await running.CountJobsAsync("raced"));
        Assert.Equal(100, await running.CountRowsAsync("raced"));
    }

    [Fact]
    public async Task Tells_a_failure_of_the_data_again_until_the_definition_is_mended()
    {
        const string Csv = "id,title,amount\n1,a,1\n";
        await _api.DeclareAsync("mended", Readings.Definition());
        JobView failed = (await UploadAsync("mended", Csv)).Job;
        Assert.Equal("header_mismatch", failed.Error?.Code);

        ApiAnswer again = await UploadAsync("mended", Csv);
        await _api.DeclareAsync("mended", Readings.Definition().Replace(
            "'name': 'name'", "'name': 'name', 'source': 'title'", StringComparison.Ordinal));
        ApiAnswer mended = await UploadAsync("mended", Csv);

        Assert.Equal((failed.Id, "true"), (again.Job.Id, again["Idempotency-Replayed"]));
        Assert.StartsWith(failed.Error?.Detail!, again.Job.Error?.Detail, StringComparison.Ordinal);
        Assert.Contains("when the dataset has a new version", again.Job.Error?.Detail, StringComparison.Ordinal);
        AssertLoaded(mended, 1);
        Assert.Equal(failed.Error?.Detail, (await _api.GetAsync(failed.Links.Self)).Job.Error?.Detail);
    }

    [Fact]
    public async Task Loads_again_what_the_table_and_not_the_data_had_failed()
    {
        await _api.DeclareAsync("restored", Readings.Definition());
        await running.Database.ExecuteAsync("DROP TABLE public.restored");
        JobView failed = (await UploadAsync("restored", Readings.Csv(3))).Job;
        Assert.Equal("target_refused", failed.Error?.Code);
        await _api.DeclareAsync("restored", Readings.Definition()); // the same version, and its table is there again

        AssertLoaded(await UploadAsync("restored", Readings.Csv(3)), 3);
    }

    [Fact]
    public async Task Asks_for_a_revert_where_a_failed_job_has_kept_rows()
    {
        string csv = Readings.Csv(2_000) + "bad,a,1\nbad,a,1\n";
        await _api.DeclareAsync("kept", Readings.Definition(ByChunk));
        JobView failed = (await UploadAsync("kept", csv)).Job;
        Assert.Equal(JobState.Failed, failed.State);
        Assert.InRange(failed.Records.Loaded, 1, 2_000);

        JobView again = (await UploadAsync("kept", csv)).Job;
        await _api.DeclareAsync("kept", Readings.Definition(ByChunk.Replace("1", "2", StringComparison.Ordinal)));
        ApiAnswer refused = await UploadAsync("kept", csv);
        await _api.RevertAsync(failed.Id);
        ApiAnswer loaded = await UploadAsync("kept", csv);

        Assert.Contains("revert the job", again.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, "rows_kept"), (refused.Status, refused.Problem.Code));
        Assert.Contains($"/v1/jobs/{failed.Id}/revert", refused.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal((JobState.PartiallySucceeded, 2_000), (loaded.Job.State, loaded.Job.Records.Loaded));
        Assert.Equal(2_000, await running.CountRowsAsync("kept"));
    }

    [Fact]
    public async Task Says_what_to_do_about_a_job_that_was_cancelled()
    {
        await _api.DeclareAsync("cancelled", Readings.Definition());
        Guid id;
        await using (LoadGate gate = await LoadGate.CloseAsync(running.Database, "cancelled", id: 2))
        {
            id = (await _api.UploadAsync("cancelled", Readings.Csv(3), headers: ("Idempotency-Key", "once"))).Job.Id;
            await _api.CancelAsync(id);
            await _api.WhenFinalAsync(id);
            await gate.OpenAsync();
        }

        ApiAnswer refused = await UploadAsync("cancelled", Readings.Csv(3));
        await _api.RevertAsync(id);

        Assert.Equal((HttpStatusCode.Conflict, "job_cancelled"), (refused.Status, refused.Problem.Code));
        Assert.Contains($"/v1/jobs/{id}/revert", refused.Problem.Detail, StringComparison.Ordinal);
        AssertLoaded(await UploadAsync("cancelled", Readings.Csv(3)), 3);
    }

    private static void AssertLoaded(ApiAnswer answer, int records)
    {
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Null(answer["Idempotency-Replayed"]);
        Assert.Equal((JobState.Succeeded, records), (answer.Job.State, answer.Job.Records.Loaded));
    }

    private Task<ApiAnswer> UploadAsync(string dataset, string body, Api? instance = null) =>
        (instance ?? _api).UploadAsync(dataset, body, headers: [("Idempotency-Key", "once"), ("Prefer", "wait=30")]);
}
