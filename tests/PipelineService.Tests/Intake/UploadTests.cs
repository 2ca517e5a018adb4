using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>From a body to rows, in every format and shape of it that is taken.</summary>
public sealed class UploadTests(RunningService running) : IClassFixture<RunningService>
{
    private readonly Api _api = running.Api;

    [Fact]
    public async Task Answers_202_with_a_job_that_can_be_followed()
    {
        await _api.DeclareAsync("accepted", Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync("accepted", Readings.Csv(3));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal($"/v1/jobs/{answer.Job.Id}", answer["Location"]);
        Assert.NotNull(answer["Retry-After"]);
        Assert.Matches("^\"[0-9a-f]+\"$", answer["ETag"]);
        Assert.Equal(7, answer.Job.Id.Version);
        JobView job = await _api.WhenFinalAsync(answer.Job.Id);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(3, await running.CountRowsAsync("accepted"));
    }

    [Fact]
    public async Task Answers_200_with_the_final_job_when_the_client_waits()
    {
        await _api.DeclareAsync("waited", Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync("waited", Readings.Csv(3), headers: ("Prefer", "wait=30"));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal("wait=30", answer["Preference-Applied"]);
        Assert.Null(answer["Retry-After"]);
        Assert.Equal(JobState.Succeeded, answer.Job.State);
    }

    /// <summary>As curl -T sends it, browsers, and tools that know no better.</summary>
    [Theory]
    [InlineData("csv", "", "text/csv")]
    [InlineData("csv", "application/octet-stream", "text/csv")]
    [InlineData("csv", "application/vnd.ms-excel", "text/csv")]
    [InlineData("ndjson", "", "application/x-ndjson")]
    [InlineData("ndjson", "application/octet-stream", "application/x-ndjson")]
    public async Task Data_whose_type_says_nothing_is_read_as_the_dataset_says(string format, string contentType, string readAs)
    {
        string dataset = $"untyped_{format}";
        await _api.DeclareAsync(dataset, Readings.Definition($"'format': '{format}'"));
        string data = format == "csv" ? "id,name,amount\n1,a,1\n,b,2\n" : "{\"id\":1,\"name\":\"a\"}\n{\"name\":\"b\"}\n";

        JobView job = await _api.LoadAsync(dataset, data, contentType);

        Assert.Equal((1, 1, readAs), (job.Records.Loaded, job.Records.Rejected, job.Upload.ContentType));
        ApiAnswer rejects = await _api.GetAsync(job.Links.DeadLetters, ("Accept", "text/csv"));
        Assert.Contains(",b,", rejects.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shows_every_field_of_the_job()
    {
        await _api.DeclareAsync("shown", Readings.Definition());
        string body = Readings.Header + "1,a,1\nnone,b,2\n3,c,3\n";

        using StringContent content = new(body, Encoding.UTF8, "text/csv");
        ApiAnswer answer = await _api.PostAsync("/v1/datasets/shown/uploads?source=acme", content, ("Prefer", "wait=30"));

        JsonElement job = answer.Read<JsonElement>();
        Assert.Equal("shown", job.GetProperty("dataset").GetString());
        Assert.Equal(1, job.GetProperty("datasetVersion").GetInt32());
        Assert.Equal("acme", job.GetProperty("source").GetString());
        Assert.Equal("partially_succeeded", job.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, job.GetProperty("waitingFor").ValueKind);
        Assert.Equal(JsonValueKind.Null, job.GetProperty("error").ValueKind);
        JsonElement upload = job.GetProperty("upload");
        Assert.Equal("text/csv", upload.GetProperty("contentType").GetString());
        Assert.Equal(body.Length, upload.GetProperty("bytes").GetInt64());
        Assert.True(upload.GetProperty("complete").GetBoolean());
        Assert.Equal(
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body))), upload.GetProperty("sha256").GetString());
        Assert.Equal("""{"read":3,"loaded":2,"rejected":1,"filtered":0}""", job.GetProperty("records").GetRawText());
        Assert.Equal(1, job.GetProperty("progress").GetProperty("ratio").GetDouble());
        Assert.Equal(answer["Location"], job.GetProperty("links").GetProperty("self").GetString());
        Assert.EndsWith("/dead-letters", job.GetProperty("links").GetProperty("deadLetters").GetString(), StringComparison.Ordinal);
        DateTime[] life =
        [
            job.GetProperty("createdAt").GetDateTime(), job.GetProperty("receivedAt").GetDateTime(),
            job.GetProperty("startedAt").GetDateTime(), job.GetProperty("finishedAt").GetDateTime(),
        ];
        Assert.All(life, moment => Assert.Equal(DateTimeKind.Utc, moment.Kind));
        Assert.Equal(life.Order(), life);
    }

    /// <summary>PostgreSQL keeps microseconds; so does the answer that comes before it.</summary>
    [Fact]
    public async Task The_first_answer_has_the_times_that_later_ones_have()
    {
        await _api.DeclareAsync("timed", Readings.Definition());
        ApiAnswer first = await _api.UploadAsync("timed", Readings.Csv(1));
        JobView last = await _api.WhenFinalAsync(first.Job.Id);
        ApiAnswer later = await _api.GetAsync(last.Links.Self);

        Assert.Equal(
            (first.Read<JsonElement>().GetProperty("createdAt").GetString(), first.Read<JsonElement>().GetProperty("receivedAt").GetString()),
            (later.Read<JsonElement>().GetProperty("createdAt").GetString(), later.Read<JsonElement>().GetProperty("receivedAt").GetString()));
        Assert.Equal(0, first.Job.CreatedAt.Ticks % TimeSpan.TicksPerMicrosecond);
    }

    [Theory]
    [InlineData("csv", "text/csv", "id,name,amount\n1,a,1.5\n2,b,\n")]
    [InlineData("csv_in_another_order", "text/csv", "amount,id,name\n1.5,1,a\n,2,b\n")]
    [InlineData("csv_with_mark", "text/csv", "\uFEFFid,name,amount\n1,a,1.5\n2,b,\n")]
    [InlineData("csv_with_crlf", "text/csv", "id,name,amount\r\n1,a,1.5\r\n2,b,\r\n")]
    [InlineData("csv_without_final_newline", "text/csv", "id,name,amount\n1,a,1.5\n2,b,")]
    [InlineData("csv_quoted", "text/csv", "id,name,amount\n1,\"a\",1.5\n\"2\",\"b\",\"\"\n")]
    [InlineData("tsv", "text/tab-separated-values", "id\tname\tamount\n1\ta\t1.5\n2\tb\t\n")]
    [InlineData("ndjson", "application/x-ndjson", "{\"id\":1,\"name\":\"a\",\"amount\":1.5}\n{\"name\":\"b\",\"id\":2}\n")]
    [InlineData("ndjson_without_final_newline", "application/x-ndjson", "{\"id\":1,\"name\":\"a\",\"amount\":1.5}\n{\"id\":2,\"name\":\"b\"}")]
    public async Task Loads_the_same_rows_from_every_format(string dataset, string contentType, string body)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        JobView job = await _api.LoadAsync(dataset, body, contentType);

        Assert.Equal(new RecordsView(2, 2, 0, 0), job.Records);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal("1,a,1.5,1;2,b,,2", await running.Database.ScalarAsync<string>(
            $"""
            SELECT string_agg(concat_ws(',', id, name, coalesce(amount::text, ''), _record), ';' ORDER BY id)
            FROM {dataset} WHERE _job_id = '{job.Id}'
            """));
    }

    [Theory]
    [InlineData("only_a_header", "text/csv", "id,name,amount\n")]
    [InlineData("only_a_header_without_newline", "text/csv", "id,name,amount")]
    [InlineData("empty_ndjson", "application/x-ndjson", "")]
    [InlineData("blank_ndjson", "application/x-ndjson", "\n\n")]
    public async Task Loads_no_record_from_a_body_that_has_none(string dataset, string contentType, string body)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        JobView job = await _api.LoadAsync(dataset, body, contentType);

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(new RecordsView(0, 0, 0, 0), job.Records);
        Assert.Equal(1, job.Progress.Ratio);
    }

    [Theory]
    [InlineData("lacks_a_field", "id,name\n1,a\n", "amount")]
    [InlineData("has_a_strange_field", "id,name,amount,colour\n1,a,1,red\n", "colour")]
    [InlineData("names_a_field_twice", "id,name,amount,name\n1,a,1,b\n", "name")]
    [InlineData("is_empty", "", "empty")]
    public async Task Fails_a_job_whose_header_does_not_fit(string dataset, string body, string named)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        JobView job = await _api.LoadAsync(dataset, body);

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Contains(named, job.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal(new RecordsView(0, 0, 0, 0), job.Records);
        Assert.Equal(0, await running.CountRowsAsync(dataset));
        running.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task Loads_a_body_of_many_chunks_completely()
    {
        await _api.DeclareAsync("many_chunks", Readings.Definition());
        const int Count = 150_000; // some 3 MB, loaded by several sessions while it arrives

        JobView job = await _api.LoadAsync("many_chunks", Readings.Csv(Count));

        Assert.Equal(new RecordsView(Count, Count, 0, 0), job.Records);
        Assert.Equal((long)Count * (Count + 1) / 2, await running.Database.ScalarAsync<decimal>(
            "SELECT sum(id) FROM many_chunks WHERE id = _record"));
        running.AssertSpoolIsEmpty();
    }
}
