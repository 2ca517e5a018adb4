using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>
/// Each duty of recovery, run by hand in a service whose own turn comes far too late to take part. Damaged files are in
/// <see cref="DamagedUploadTests"/>, jobs of instances that died in <see cref="JobRescuerTests"/>.
/// </summary>
public sealed class RecoveryDutiesTests(RecoveryDutiesTests.Unhurried running) : IClassFixture<RecoveryDutiesTests.Unhurried>
{
    private static readonly string Body = Readings.Csv(3);
    private static readonly string BodySha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Body)));

    private readonly SpoolRecovery _recovery = running.Service.Services.GetRequiredService<SpoolRecovery>();
    private readonly SpoolDirectory _spool = running.Service.Services.GetRequiredService<SpoolDirectory>();
    private readonly ISpool _uploads = running.Service.Services.GetRequiredService<ISpool>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Registers_an_upload_that_was_answered_and_has_no_row()
    {
        Guid id = await SealAsync("unregistered");

        _recovery.MissesOne();

        await BoundedWait.UntilAsync("the loop to run the recovery", () => _recovery.IsComplete);
        Assert.Equal($"{Body.Length}", await RowAsync(id, "upload_bytes::text")); // queued, or on its way already
    }

    [Fact]
    public async Task Deletes_the_bytes_of_a_job_that_is_final()
    {
        Guid id = await SealAsync("over");
        await _recovery.RunAsync(Token);
        await UpdateAsync(id, "state = 'cancelled', finished_at = now(), owner = NULL, lease_until = NULL");

        await _recovery.RunAsync(Token);

        Assert.Empty(Directory.EnumerateFiles(_spool.Root, $"{id}*"));
    }

    /// <summary>It is as large as what waits, so it is not looked through without a reason.</summary>
    [Fact]
    public async Task Is_due_again_only_when_something_has_happened()
    {
        await _recovery.RunAsync(Token);
        Assert.False(_recovery.IsDue);

        Guid id = await SealAsync("left_behind");
        await _recovery.RunAsync(Token);
        await UpdateAsync(id, "state = 'cancelled', finished_at = now(), owner = NULL, lease_until = NULL");
        string manifest = _spool.ManifestPath(id);
        File.Delete(manifest);
        await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(manifest).FullName, "in the way"), "", Token);
        await running.Service.Services.GetRequiredService<UploadRelease>().ReleaseAsync(id, Token);
        Assert.True(_recovery.IsDue);

        Directory.Delete(manifest, recursive: true);
        await _recovery.RunAsync(Token);
        Assert.False(_recovery.IsDue);
    }

    [Theory]
    [InlineData("sent_twice", true, JobState.Cancelled, "upload_replayed")]
    [InlineData("sent_otherwise", false, JobState.Failed, "idempotency_key_reused")]
    public async Task Ends_an_upload_whose_key_another_job_has(string dataset, bool isSame, JobState state, string code)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition());
        ApiAnswer first = await running.Api.UploadAsync(dataset, Body, "text/csv", ("Idempotency-Key", "key"), ("Prefer", "wait=30"));
        Assert.Equal(JobState.Succeeded, first.Job.State);
        Guid again = await SealAsync(dataset, "key", isSame ? BodySha256 : new string('b', 64));

        await _recovery.RunAsync(Token);

        JobView ended = (await running.Api.GetAsync($"/v1/jobs/{again}")).Job;
        Assert.Equal((state, code), (ended.State, ended.Error!.Code));
        Assert.Contains($"{first.Job.Id}", ended.Error.Detail!, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_spool.Root, $"{again}*"));
        Assert.Equal(3, await running.CountRowsAsync(dataset));
    }

    /// <summary>
    /// Its process died before it was registered, its sender sent it again and was told of a failure, which gives the key up: what
    /// the sender mends and sends under another key would be there twice. Of a failure before it, it is the next try.
    /// </summary>
    [Theory]
    [InlineData("failed_since", "1 hour", true)]
    [InlineData("failed_before", "-1 hour", false)]
    public async Task Loads_an_upload_only_if_its_sender_was_told_of_no_other_since(string dataset, string failedAfter, bool isEnded)
    {
        Guid found = await SealAsync(dataset, "key");
        var failed = Guid.CreateVersion7();
        await running.Database.ExecuteAsync($$"""
            INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, finished_at, spool, idempotency_key,
                                       upload_complete, upload_sha256, error)
            VALUES ('{{failed}}', '{{dataset}}', 1, 'failed', 'text/csv', now() + interval '{{failedAfter}}', now(), '{{_spool.Id}}', 'key',
                    true, '\x{{BodySha256}}', '{"code": "table_missing", "title": "", "status": 409}')
            """);

        await _recovery.RunAsync(Token);

        Problem? error = (await running.Api.GetAsync($"/v1/jobs/{found}")).Job.Error;
        Assert.Equal(isEnded ? "upload_replayed" : null, error?.Code);
        Assert.Equal(isEnded, error?.Detail?.Contains($"{failed}", StringComparison.Ordinal) is true);
        Assert.Equal(isEnded ? null : "key", await RowAsync(found, "idempotency_key"));
        Assert.Equal(isEnded ? "key" : null, await RowAsync(failed, "idempotency_key"));
    }

    /// <summary>Its sender was told 202 in an outage, or never; somebody has reverted the job meanwhile.</summary>
    [Fact]
    public async Task Ends_an_upload_that_can_no_longer_take_the_place_of_a_job()
    {
        await running.Api.DeclareAsync("overtaken", Readings.Definition());
        JobView old = await running.Api.LoadAsync("overtaken", Body);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await running.Api.RevertAsync(old.Id)).Status);
        Guid late = await SealAsync("overtaken", replaces: old.Id);

        await _recovery.RunAsync(Token);

        JobView ended = (await running.Api.GetAsync($"/v1/jobs/{late}")).Job;
        Assert.Equal((JobState.Failed, "job_being_replaced", old.Id), (ended.State, ended.Error!.Code, ended.Replaces));
        Assert.Empty(Directory.EnumerateFiles(_spool.Root, $"{late}*"));
        Assert.Equal(0, await running.CountRowsAsync("overtaken"));
    }

    /// <summary>What died between its end and that is put there by the next recovery.</summary>
    [Fact]
    public async Task Puts_an_upload_among_those_that_are_kept_whose_job_is_final()
    {
        Guid left = await SealAsync("to_keep", keep: TimeSpan.FromDays(1));
        await running.Database.ExecuteAsync($"""
            INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, finished_at, spool, upload_kept_until)
            VALUES ('{left}', 'to_keep', 1, 'succeeded', 'text/csv', now(), now(), '{_spool.Id}', now() + interval '1 d')
            """);

        await _recovery.RunAsync(Token);

        Assert.Equal(
            [$"{left}.data", $"{left}.json"],
            Directory.EnumerateFiles(Path.Combine(_spool.Root, "kept")).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.EnumerateFiles(_spool.Root, $"{left}*"));
        await _uploads.DeleteAsync(left);
    }

    /// <summary>An upload as a process leaves it that died between the flush and the row.</summary>
    private async Task<Guid> SealAsync(
        string dataset, string? key = null, string? sha256 = null, Guid? replaces = null, TimeSpan? keep = null)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition());
        await using SpoolWriter upload = _uploads.Create(Guid.CreateVersion7());
        await upload.AppendAsync(Encoding.UTF8.GetBytes(Body));
        await upload.SealAsync(manifest => manifest with
        {
            Dataset = dataset,
            DatasetVersion = 1,
            Delimiter = null,
            ContentType = "text/csv",
            ContentEncoding = null,
            IdempotencyKey = key,
            Replaces = replaces,
            KeepUpload = keep,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            Sha256 = sha256 ?? BodySha256,
        });
        return upload.Id;
    }

    private Task<string?> RowAsync(Guid id, string expression) =>
        running.Database.ScalarAsync<string>($"SELECT {expression} FROM pipeline.jobs WHERE id = '{id}'");

    private Task UpdateAsync(Guid id, string assignments) =>
        running.Database.ExecuteAsync($"UPDATE pipeline.jobs SET {assignments} WHERE id = '{id}'");

    public sealed class Unhurried(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Jobs:LeaseTime", "00:10:00"), ("Jobs:PollInterval", "00:01:00")];
    }
}
