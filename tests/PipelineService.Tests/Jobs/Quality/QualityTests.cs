using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Core.Profiles.Quality;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Quality;

/// <summary>An upload whose rows are not as usual is told of, held or refused, as its dataset says.</summary>
public sealed class QualityTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int Usual = 100;

    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "status", "type": "string" }""";

    [Fact]
    public async Task Warns_and_tells_and_learns_only_what_is_approved()
    {
        await LearnAsync("warned", "warn");
        JobView job = await service.LoadAsync("warned", Csv(10, "strange"));

        Assert.Equal((JobState.Succeeded, 10L), (job.State, job.Records.Loaded));
        Assert.Equal(RuleState.Breach, job.Quality!.State);
        RuleView rows = job.Quality.Rules[0];
        Assert.Equal(("rows", RuleState.Breach, 10d, 60d), (rows.Metric, rows.State, rows.Value!.Value, rows.Lower!.Value));
        Assert.Equal(new UsualView(Usual, 0, 2), rows.Usual);
        Assert.Equal(["strange"], job.Quality.Rules[1].NewValues);
        JsonNode told = Assert.Single(await EventsAsync("warned"))!;
        JsonNode data = told["data"]!;
        Assert.Equal(($"job/{job.Id}", "warn", 2), ((string)told["subject"]!, (string)data["onBreach"]!, data["rules"]!.AsArray().Count));
        Assert.Equal($"/v1/jobs/{job.Id}/profile", (string)data["links"]!["profile"]!);

        // It is not what the next one is measured by, until somebody says so.
        Assert.Equal(RuleState.Breach, (await service.LoadAsync("warned", Csv(10, "strange"))).Quality!.State);
        Assert.Equal(HttpStatusCode.OK, (await ApproveAsync(job.Id)).Status);
        ApiAnswer again = await ApproveAsync(job.Id);
        Assert.Equal((HttpStatusCode.OK, "approved"), (again.Status, again.Job.Quality!.Decision!.Outcome));
        Assert.Equal(1, await AuditedAsync(job.Id, "job.approve"));
        Assert.NotEqual(RuleState.Breach, (await service.LoadAsync("warned", Csv(55, "strange"))).Quality!.State);
        Assert.Equal(2, (await EventsAsync("warned")).Count);
    }

    [Fact]
    public async Task Holds_the_bytes_and_loads_them_when_somebody_approves()
    {
        await LearnAsync("held", "hold");
        Guid id = await HeldAsync("held", Csv(10, "a"));
        Assert.Equal(2 * Usual, await service.CountRowsAsync("held"));
        Assert.Equal(0, await service.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '%{id}%' AND state LIKE 'idle in transaction%'"));
        JobView held = (await service.Api.GetAsync($"/v1/jobs/{id}")).Job;
        Assert.Equal((JobState.Queued, new RecordsView(0, 0, 0, 0)), (held.State, held.Records));
        Assert.Equal(($"/v1/jobs/{id}/approve", $"/v1/jobs/{id}/reject"), (held.Links.Approve, held.Links.Reject));
        Assert.Equal(10, (await service.Api.GetAsync($"/v1/jobs/{id}/profile")).Read<ProfileView>().Rows);
        Assert.Equal(["approval"], (await EventsAsync("held")).Select(told => (string)told!["data"]!["waitingFor"]!));

        ApiAnswer[] answers = await Task.WhenAll(ApproveAsync(id), ApproveAsync(id));

        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.Accepted or HttpStatusCode.OK, answer.Body));
        Assert.Equal(1, await AuditedAsync(id, "job.approve"));
        JobView job = await service.Api.WhenFinalAsync(id);
        Assert.Equal((JobState.Succeeded, 10L), (job.State, job.Records.Loaded));
        Assert.Equal((RuleState.Breach, "approved"), (job.Quality!.State, job.Quality.Decision!.Outcome));
        Assert.Equal((2 * Usual) + 10, await service.CountRowsAsync("held"));
        Assert.Single(await EventsAsync("held"));
        Assert.Equal(HttpStatusCode.Conflict, (await RejectAsync(id)).Status);
        Assert.Equal(HttpStatusCode.OK, (await ApproveAsync(id)).Status);
        await EndedJob.AssertExactAndClearedAsync(service.Database, service.Service, job, "held");
    }

    [Fact]
    public async Task Loads_nothing_of_what_is_rejected()
    {
        await LearnAsync("rejected", "hold");
        Guid id = await HeldAsync("rejected", Csv(10, "a"));

        ApiAnswer answer = await RejectAsync(id);

        Assert.Equal((HttpStatusCode.OK, JobState.Failed, "quality_rejected"), (answer.Status, answer.Job.State, answer.Job.Error!.Code));
        Assert.Equal(HttpStatusCode.OK, (await RejectAsync(id)).Status);
        Assert.Equal((HttpStatusCode.Conflict, "job_not_held"), ((await ApproveAsync(id)).Status, (await ApproveAsync(id)).Problem.Code));
        Assert.Equal(1, await AuditedAsync(id, "job.reject"));
        Assert.Equal(2 * Usual, await service.CountRowsAsync("rejected"));
        await EndedJob.AssertClearedAsync(service.Database, service.Service, id);
    }

    [Fact]
    public async Task Ends_what_is_cancelled_while_it_is_held()
    {
        await LearnAsync("cancelled", "hold");
        Guid id = await HeldAsync("cancelled", Csv(10, "a"));

        Assert.Equal(JobState.Cancelled, (await service.Api.CancelAsync(id)).Job.State);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), ((await ApproveAsync(id)).Status, (await RejectAsync(id)).Status));
        Assert.Equal(2 * Usual, await service.CountRowsAsync("cancelled"));
    }

    [Fact]
    public async Task Ends_what_nobody_decides_on_in_time()
    {
        await LearnAsync("expired", "hold");
        Guid id = await HeldAsync("expired", Csv(10, "a"));
        ApprovalExpiry expiry = service.Service.Services.GetRequiredService<ApprovalExpiry>();
        await expiry.ExpireAsync(TestContext.Current.CancellationToken);
        Assert.Equal(JobState.Queued, (await service.Api.GetAsync($"/v1/jobs/{id}")).Job.State);

        await service.Database.ExecuteAsync($"UPDATE pipeline.jobs SET waiting_since = now() - interval '8 days' WHERE id = '{id}'");
        await expiry.ExpireAsync(TestContext.Current.CancellationToken);

        JobView job = await service.Api.WhenFinalAsync(id);
        Assert.Equal((JobState.Failed, "approval_expired", "expired"), (job.State, job.Error!.Code, job.Quality!.Decision!.Outcome));
        Assert.Equal(2 * Usual, await service.CountRowsAsync("expired"));
    }

    [Fact]
    public async Task Fails_with_nothing_loaded_and_says_why()
    {
        await LearnAsync("failing", "fail");
        JobView job = await service.LoadAsync("failing", Csv(10, "a"));

        Assert.Equal((JobState.Failed, "quality_breached"), (job.State, job.Error!.Code));
        Assert.Contains("rows is 10, at least 60 is expected", job.Error.Detail, StringComparison.Ordinal);
        Assert.Equal(RuleState.Breach, job.Quality!.State);
        Assert.Equal(10, (await service.Api.GetAsync($"/v1/jobs/{job.Id}/profile")).Read<ProfileView>().Rows);
        Assert.Single(await EventsAsync("failing"));
        Assert.Equal(2 * Usual, await service.CountRowsAsync("failing"));
        await EndedJob.AssertClearedAsync(service.Database, service.Service, job.Id);
    }

    /// <summary>Nor is it measured by jobs of another source or weekday, or by such as were taken back.</summary>
    [Fact]
    public async Task Measures_by_its_source_and_weekday_and_by_what_was_not_taken_back()
    {
        await service.DeclareAsync("sourced", Fields, rest: Quality("warn", """["source", "weekday"]"""));
        foreach (int _ in Enumerable.Range(0, 2))
        {
            Assert.Equal(RuleState.Learning, (await UploadAsync("acme", Usual)).Quality!.State);
        }

        Assert.Equal(RuleState.Learning, (await UploadAsync("other", 10)).Quality!.State);
        JobView passed = await UploadAsync("acme", Usual);
        Assert.Equal(RuleState.Pass, passed.Quality!.State);
        Assert.Equal(RuleState.Breach, (await UploadAsync("acme", 10)).Quality!.State);
        await service.Database.ExecuteAsync("UPDATE pipeline.quality_figures SET weekday = (weekday + 1) % 7 WHERE source = 'acme'");
        Assert.Equal(RuleState.Learning, (await UploadAsync("acme", 10)).Quality!.State);
        await service.Database.ExecuteAsync(
            "UPDATE pipeline.quality_figures SET weekday = (weekday + 6) % 7 WHERE source = 'acme' AND counts");
        await service.Api.RevertAsync(passed.Id);
        Assert.Equal(3, (await UploadAsync("acme", Usual)).Quality!.Rules[0].Usual!.Jobs + 1);

        async Task<JobView> UploadAsync(string source, int rows)
        {
            using StringContent body = new(Csv(rows, "a"), System.Text.Encoding.UTF8, "text/csv");
            ApiAnswer answer = await service.Api.PostAsync($"/v1/datasets/sourced/uploads?source={source}", body, ("Prefer", "wait=30"));
            return answer.Job;
        }
    }

    private async Task LearnAsync(string dataset, string onBreach)
    {
        await service.DeclareAsync(dataset, Fields, rest: Quality(onBreach, "[]"));
        for (int i = 0; i < 2; i++)
        {
            JobView job = await service.LoadAsync(dataset, Csv(Usual, "a"));
            Assert.Equal((JobState.Succeeded, RuleState.Learning), (job.State, job.Quality!.State));
        }
    }

    private static string Quality(string onBreach, string by) => $$"""
        , "quality": { "baseline": { "jobs": 2, "by": {{by}} }, "onBreach": "{{onBreach}}",
            "rules": [ { "metric": "rows", "fallMax": 0.4 }, { "metric": "newValues", "field": "status", "max": 0 } ] }
        """;

    private async Task<Guid> HeldAsync(string dataset, string csv)
    {
        Guid id = (await service.Api.UploadAsync(dataset, csv)).Job.Id;
        await service.Api.WhenAsync(id, "held", job => job.WaitingFor == "approval");
        return id;
    }

    private Task<ApiAnswer> ApproveAsync(Guid job) => service.Api.PostAsync($"/v1/jobs/{job}/approve");

    private Task<ApiAnswer> RejectAsync(Guid job) => service.Api.PostAsync($"/v1/jobs/{job}/reject");

    private Task<long> AuditedAsync(Guid job, string action) => service.Database.ScalarAsync<long>(
        $"SELECT count(*) FROM pipeline.audit WHERE action = '{action}' AND object = 'job/{job}' AND outcome = 'done'");

    private async Task<IReadOnlyList<JsonNode?>> EventsAsync(string dataset)
    {
        long written = await service.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.events WHERE type = 'quality.breach' AND dataset = '{dataset}'");
        IReadOnlyList<JsonNode?> told = [];
        await BoundedWait.UntilAsync("the events to be told", async () =>
        {
            string body = (await service.Api.GetAsync($"/v1/events?types=quality.breach&dataset={dataset}")).Body;
            told = [.. JsonNode.Parse(body)!["items"]!.AsArray()];
            return told.Count == written;
        });
        return told;
    }

    private static string Csv(int rows, string status) =>
        "id,status\n" + string.Concat(Enumerable.Range(1, rows).Select(i => $"{i},{status}\n"));
}
