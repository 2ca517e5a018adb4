using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>A cancel in each state that a job is in by itself, and that exactly what the answer says is kept.</summary>
public sealed class CancelTests(CancelTests.EagerService running) : IClassFixture<CancelTests.EagerService>
{
    private const int BadRecords = 2;

    private readonly Api _api = running.Api;

    [Fact]
    public async Task Leaves_nothing_of_an_upload_of_which_nothing_was_loaded_yet()
    {
        await _api.DeclareAsync("unread", Readings.Definition());
        using RawConnection sender = await BeginUploadAsync("unread");
        await sender.SendChunkAsync(Readings.Csv(3));
        Guid id = await ReceivedJobAsync();

        ApiAnswer cancel = await _api.CancelAsync(id);

        Assert.Equal(HttpStatusCode.Accepted, cancel.Status);
        Assert.Equal((JobState.Cancelled, new RecordsView(0, 0, 0, 0)), (cancel.Job.State, cancel.Job.Records));
        Assert.Equal("job_cancelled", (await sender.ReadAnswerAsync()).Problem.Code);
        await running.AssertNothingIsLeftAsync("unread");
        Assert.Equal(HttpStatusCode.NotFound, (await _api.GetAsync($"/v1/jobs/{id}")).Status);
    }

    [Theory]
    [InlineData("receiving_job", "job", "")]
    [InlineData("receiving_job_with_key", "job", ", 'primaryKey': ['id']")]
    [InlineData("receiving_chunks", "chunk", "")]
    public async Task Ends_an_upload_that_is_loaded_while_it_arrives_and_tells_its_sender(string dataset, string commit, string key)
    {
        await DeclareAsync(dataset, commit, key);
        await using JobRowSignal rows = await JobRowSignal.ListenAsync(running.Database, dataset);
        using RawConnection sender = await BeginUploadAsync(dataset, $"\r\nIdempotency-Key: {dataset}");
        await sender.SendChunkAsync(WithBadRecords(1_000));
        Guid id = await rows.RegisteredAsync();
        await _api.WhenAsync(id, "partly loaded", j => j.Records is { Loaded: > 0, Rejected: BadRecords });

        ApiAnswer cancel = await _api.CancelAsync(id);

        await AssertCancelledAsync(cancel, dataset, commit);
        Assert.False(cancel.Job.Upload.Complete);
        ApiAnswer refusal = await sender.ReadAnswerAsync();
        Assert.Equal((HttpStatusCode.Conflict, "job_cancelled"), (refusal.Status, refusal.Problem.Code));
        Assert.Contains(id.ToString(), refusal.Problem.Detail!, StringComparison.Ordinal);

        // The key is used, and nobody knows whether these are the same bytes: not "in progress" for ever.
        ApiAnswer again = await _api.UploadAsync(dataset, WithBadRecords(1_000), headers: ("Idempotency-Key", dataset));
        Assert.Equal("job_cancelled", again.Problem.Code);
        running.AssertSpoolIsEmpty();
    }

    [Theory]
    [InlineData("running_job", "job", "")]
    [InlineData("running_job_with_key", "job", ", 'primaryKey': ['id']")]
    [InlineData("running_chunks", "chunk", "")]
    [InlineData("running_chunks_with_key", "chunk", ", 'primaryKey': ['id']")]
    public async Task Ends_a_running_job_and_keeps_what_has_landed_only_where_chunks_commit(string dataset, string commit, string key)
    {
        await DeclareAsync(dataset, commit, key);
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, dataset, id: 2_000);
        Guid id = await UploadAndRunAsync(dataset);

        ApiAnswer cancel = await _api.CancelAsync(id);

        await AssertCancelledAsync(cancel, dataset, commit);
        Assert.True(cancel.Job.Records.Loaded < 2_000);
        Assert.Equal("job_final", (await _api.CancelAsync(id)).Problem.Code);
    }

    [Fact]
    public async Task Ends_a_job_once_when_it_is_asked_twice_at_the_same_time()
    {
        await DeclareAsync("twice", "chunk");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "twice", id: 2_000);
        Guid id = await UploadAndRunAsync("twice");

        ApiAnswer[] answers = await Task.WhenAll(_api.CancelAsync(id), _api.CancelAsync(id), _api.CancelAsync(id));

        ApiAnswer[] accepted = [.. answers.Where(a => a.Status == HttpStatusCode.Accepted)];
        Assert.NotEmpty(accepted);
        Assert.All(answers.Except(accepted), a => Assert.Equal("job_final", a.Problem.Code));
        Assert.Single(accepted.Select(a => a.Body).Distinct());
        await AssertCancelledAsync(accepted[0], "twice", "chunk");
    }

    [Theory]
    [InlineData("ended_well", "1,a,1\n", JobState.Succeeded)]
    [InlineData("ended_badly", "bad,a,1\n", JobState.Failed)]
    public async Task Refuses_to_cancel_what_has_ended(string dataset, string record, JobState state)
    {
        await _api.DeclareAsync(dataset, Readings.Definition("'rejects': { 'maxCount': 0 }"));
        JobView job = await _api.LoadAsync(dataset, Readings.Header + record);
        Assert.Equal((state, null), (job.State, job.Links.Cancel));

        ApiAnswer cancel = await _api.CancelAsync(job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "job_final"), (cancel.Status, cancel.Problem.Code));
        Assert.Equal(state, (await _api.GetAsync(job.Links.Self)).Job.State);
    }

    [Theory]
    [InlineData("0199a3c0-0000-7000-8000-000000000000")]
    [InlineData("0199a3c000007000800000000000000")]
    [InlineData("none")]
    public async Task Answers_404_for_a_job_that_there_is_not(string id)
    {
        foreach (string action in new[] { "cancel", "revert" })
        {
            ApiAnswer answer = await _api.PostAsync($"/v1/jobs/{id}/{action}");

            Assert.Equal((HttpStatusCode.NotFound, "job_not_found"), (answer.Status, answer.Problem.Code));
        }
    }

    private static string WithBadRecords(int good) =>
        Readings.Header + string.Concat(Enumerable.Repeat("bad,a,1\n", BadRecords)) + Readings.CsvRows(1, good);

    private Task DeclareAsync(string dataset, string commit, string key = "") => _api.DeclareAsync(
        dataset,
        Readings.Definition($"'load': {{ 'commit': '{commit}' }}").Replace("] }", $"]{key} }}", StringComparison.Ordinal));

    /// <summary>By hand: an HTTP client would finish its body before it read the answer.</summary>
    private Task<RawConnection> BeginUploadAsync(string dataset, string headers = "") =>
        RawConnection.BeginUploadAsync(_api.Address, dataset, $"Transfer-Encoding: chunked{headers}");

    /// <summary>Uploads 3,000 good records and waits until some of them are loaded.</summary>
    private async Task<Guid> UploadAndRunAsync(string dataset)
    {
        Guid id = (await _api.UploadAsync(dataset, WithBadRecords(3_000))).Job.Id;
        JobView job = await _api.WhenAsync(
            id, "partly loaded", j => j.State == JobState.Running && j.Records is { Loaded: > 0, Rejected: BadRecords });
        Assert.True(job.Upload.Complete);
        return id;
    }

    /// <summary>The job of the only upload that is arriving: nobody has told its id yet.</summary>
    private async Task<Guid> ReceivedJobAsync()
    {
        Guid id = Guid.Empty;
        await BoundedWait.UntilAsync("the first bytes in the spool", () =>
            Directory.EnumerateFiles(running.Service.SpoolDirectory, "*.data").Any(
                path => new FileInfo(path).Length > 0 && Guid.TryParse(Path.GetFileNameWithoutExtension(path), out id)));
        return id;
    }

    private async Task AssertCancelledAsync(ApiAnswer cancel, string dataset, string commit)
    {
        Assert.Equal(HttpStatusCode.Accepted, cancel.Status);
        JobView job = cancel.Job;
        Assert.Equal((JobState.Cancelled, true, null), (job.State, job.CancelRequested, job.Error));
        Assert.Equal(BadRecords, job.Records.Rejected);
        Assert.Equal(commit == "chunk", job.Records.Loaded > 0);
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, dataset);
    }

    /// <summary>Loads uploads from their first kilobytes on, in small chunks.</summary>
    public sealed class EagerService(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Spool:SharedBytesMax", "0"), ("Spool:ChunkBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.020"),
            ("Intake:LoadAfterBytes", "4096"),
        ];
    }
}
