using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Telemetry;

/// <summary>What an operator asks, and the metrics answer: who sends what, what becomes of it, and how long that takes.</summary>
public sealed class MetricsTests(LoadingService running) : IClassFixture<LoadingService>
{
    [Theory]
    [InlineData("metered_jobs", "job")]
    [InlineData("metered_chunks", "chunk")]
    public async Task Records_are_counted_by_source_and_outcome_and_rejects_by_code(string dataset, string commit)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        string body = Readings.Csv(1_000) + "bad,a,1\n,b,1\n7,c,warm\nbad,d,warm\n";

        JobView job = await UploadAsync(dataset, source: $"{dataset}_sender", body);

        Assert.Equal(JobState.PartiallySucceeded, job.State);
        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        (string, string) dataLabel = ("dataset", dataset), source = ("source", $"{dataset}_sender");
        Assert.Equal(1_000, page.Sum("pipeline_records_total", dataLabel, source, ("outcome", "loaded")));
        Assert.Equal(4, page.Sum("pipeline_records_total", dataLabel, source, ("outcome", "rejected")));
        Assert.Equal(1_000, page.Sum("pipeline_source_records_total", source, ("outcome", "loaded")));
        Assert.Equal(4, page.Sum("pipeline_source_records_total", source, ("outcome", "rejected")));
        Assert.Equal(3, page.Sum("pipeline_rejects_total", dataLabel, ("code", "type_mismatch")));
        Assert.Equal(1, page.Sum("pipeline_rejects_total", dataLabel, ("code", "required")));
        Assert.Equal(1_004, page.Sum("pipeline_chunk_records_total", dataLabel));
        Assert.Equal(1, page.Sum("pipeline_uploads_total", dataLabel, source));
        Assert.Equal(body.Length, page.Sum("pipeline_upload_bytes_total", dataLabel, source));
        Assert.Equal(1, page.Sum("pipeline_jobs_finished_total", dataLabel, ("state", "partially_succeeded")));
        Assert.Equal(1, page.Sum("pipeline_commit_latency_seconds_count", dataLabel));
        Assert.InRange(page.Sum("pipeline_commit_latency_seconds_sum", dataLabel), 0, 60);
        Assert.InRange(page.Sum("pipeline_chunk_duration_seconds_count", dataLabel), 3, 20);
    }

    [Fact]
    public async Task A_job_that_fails_has_loaded_nothing_and_says_why()
    {
        await running.Api.DeclareAsync("metered_failure", Readings.Definition("'rejects': { 'maxCount': 1 }"));

        JobView job = await UploadAsync("metered_failure", "hasty", Readings.Csv(500) + "bad,a,1\nbad,a,1\n");

        Assert.Equal(JobState.Failed, job.State);
        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        Assert.Equal(["rejected"], page.LabelsOf("pipeline_records_total", "outcome", ("dataset", "metered_failure")));
        Assert.Equal(2, page.Sum("pipeline_records_total", ("dataset", "metered_failure"), ("outcome", "rejected")));
        Assert.Equal(2, page.Sum("pipeline_rejects_total", ("dataset", "metered_failure"), ("code", "type_mismatch")));
        Assert.Equal(1, page.Sum("pipeline_jobs_failed_total", ("dataset", "metered_failure"), ("code", "reject_limit_reached")));
        Assert.Equal(1, page.Sum("pipeline_jobs_finished_total", ("dataset", "metered_failure"), ("state", "failed")));
        Assert.DoesNotContain("metered_failure", page.LabelsOf("pipeline_commit_latency_seconds_count", "dataset"));
    }

    /// <summary>Two of these records wait for a parent: one comes in a later chunk, one never does.</summary>
    [Fact]
    public async Task A_row_that_is_taken_after_all_is_no_reject()
    {
        await running.DeclareAsync(
            "metered_tree",
            """{ "name": "id", "type": "integer", "constraints": { "required": true } }, { "name": "parent", "type": "integer" }""",
            schema: """, "primaryKey": ["id"]""");
        await running.Database.ExecuteAsync("ALTER TABLE metered_tree ADD FOREIGN KEY (parent) REFERENCES metered_tree");

        JobView job = await UploadAsync("metered_tree", "gardener", "id,parent\n1,2000\n2,-1\n"
            + string.Concat(Enumerable.Range(3, 1_998).Select(id => $"{id},\n")));

        Assert.Equal(new RecordsView(2_000, 1_999, 1, 0), job.Records);
        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        Assert.Equal(1_999, page.Sum("pipeline_records_total", ("dataset", "metered_tree"), ("outcome", "loaded")));
        Assert.Equal(1, page.Sum("pipeline_records_total", ("dataset", "metered_tree"), ("outcome", "rejected")));
        Assert.Equal(1, page.Sum("pipeline_rejects_total", ("dataset", "metered_tree"), ("code", "foreign_key")));
    }

    [Fact]
    public async Task Refused_uploads_are_counted_by_the_code_of_the_answer()
    {
        await running.Api.DeclareAsync("metered_refusals", Readings.Definition());
        double before = (await MetricsPage.ReadAsync(running.Service.Client)).Sum("pipeline_uploads_refused_total", ("code", "unsupported_media_type"));

        await running.Api.UploadAsync("metered_refusals", "<p>", "text/html");
        await running.Api.UploadAsync("nowhere", "id\n1\n");
        await running.Api.GetAsync("/v1/datasets/nowhere"); // no upload

        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        Assert.Equal(before + 1, page.Sum("pipeline_uploads_refused_total", ("code", "unsupported_media_type")));
        Assert.Equal(1, page.Sum("pipeline_uploads_refused_total", ("code", "dataset_not_found")));
        Assert.Equal(0, page.Sum("pipeline_uploads_refused_total", ("code", "spool_full")));
    }

    [Fact]
    public async Task A_job_that_ends_without_having_run_is_counted()
    {
        await running.Api.DeclareAsync("metered_cancel", Readings.Definition());
        using var held = HeldSessions.All(running.Service.Services);
        Guid job = (await running.Api.UploadAsync("metered_cancel", Readings.Csv(1))).Job.Id;

        await running.Api.CancelAsync(job);

        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);
        Assert.Equal(1, page.Sum("pipeline_jobs_finished_total", ("dataset", "metered_cancel"), ("state", "cancelled")));
    }

    [Fact]
    public async Task What_has_no_labels_is_there_from_the_start()
    {
        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);

        Assert.Equal(0, page.Sum("pipeline_connections_displaced_total"));
        Assert.Equal(0, page.Sum("pipeline_connections_refused_total"));
        Assert.True(page.Has("pipeline_database_retries_total"));
        Assert.Equal(0, page.Sum("pipeline_database_circuit"));
        Assert.Equal(["receiving", "running", "committing", "queued"], page.LabelsOf("pipeline_jobs", "state"));
        Assert.True(page.Sum("pipeline_queue_age_seconds") >= 0);
        Assert.Equal(1, page.Sum("target_info", ("service_name", "PipelineService")));
    }

    [Fact]
    public async Task The_driver_knows_its_pool_by_a_name_and_the_parts_of_the_field_are_there()
    {
        using HttpResponseMessage datasets = await running.Service.Client.GetAsync("/v1/datasets", TestContext.Current.CancellationToken);

        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);

        Assert.Contains("pipeline", page.LabelsOf("db_client_connection_count", "db_client_connection_pool_name"));
        Assert.DoesNotContain("Application Name=PipelineService", page.Text, StringComparison.Ordinal); // part of its connection string
        Assert.True(page.Sum("http_server_request_duration_seconds_count", ("http_route", "/v1/datasets/")) >= 1);
        Assert.True(page.Has("dotnet_process_memory_working_set_bytes"));
        Assert.True(page.Has("kestrel_active_connections"));
        Assert.True(page.Sum("resilience_polly_strategy_attempt_duration_milliseconds_count", ("pipeline_name", "database-requests")) >= 1);
    }

    [Fact]
    public async Task Probes_and_scrapes_are_no_requests()
    {
        using HttpResponseMessage live = await running.Service.Client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        await MetricsPage.ReadAsync(running.Service.Client);

        MetricsPage page = await MetricsPage.ReadAsync(running.Service.Client);

        Assert.DoesNotContain("/health/live", page.LabelsOf("http_server_request_duration_seconds_count", "http_route"));
        Assert.DoesNotContain("/metrics", page.LabelsOf("http_server_request_duration_seconds_count", "http_route"));
    }

    [Theory]
    [InlineData("GET", HttpStatusCode.OK)]
    [InlineData("HEAD", HttpStatusCode.OK)]
    [InlineData("POST", HttpStatusCode.MethodNotAllowed)]
    public async Task Are_read_and_nothing_else(string method, HttpStatusCode status)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "/metrics");
        using HttpResponseMessage answer = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
    }

    private async Task<JobView> UploadAsync(string dataset, string source, string body)
    {
        using StringContent content = new(body, encoding: null, "text/csv");
        ApiAnswer answer = await running.Api.PostAsync(
            $"/v1/datasets/{dataset}/uploads?source={source}", content, ("Prefer", "wait=30"));
        return await running.Api.WhenFinalAsync(answer.Job.Id);
    }
}
