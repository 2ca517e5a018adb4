using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Taps;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>Records are told as they are loaded, with what becomes of them, to whoever listens and no faster than they may.</summary>
public sealed class TapTests(RunningService running) : IClassFixture<RunningService>
{
    [Fact]
    public async Task Tells_what_became_of_each()
    {
        await running.Api.DeclareAsync("tapped", Readings.Definition(
            "'transforms': [ { 'op': 'filter', 'expression': 'amount < 5' } ]"));
        await running.Database.ExecuteAsync("ALTER TABLE tapped ADD CHECK (id <> 3)");
        using SseClient stream = await OpenAsync("tapped");

        JobView job = await running.Api.LoadAsync("tapped", Readings.Header + "1,one,1.5\nx,two,2\n3,three,3\n4,four,9\n");

        Assert.Equal((JobState.PartiallySucceeded, 1L, 2L, 1L), (job.State, job.Records.Loaded, job.Records.Rejected, job.Records.Filtered));
        Dictionary<long, JsonElement> records = [];
        while (records.Count < 4)
        {
            SseEvent next = (await stream.NextAsync())!;
            Assert.Equal("record", next.Type);
            var record = JsonElement.Parse(next.Data);
            records.Add(record.GetProperty("record").GetInt64(), record);
        }

        Assert.Equal(
            $$$"""{"job":"{{{job.Id}}}","record":1,"outcome":"accepted","line":2,"raw":"1,one,1.5","row":{"id":"1","name":"one","amount":"1.5"},"trace":"/v1/jobs/{{{job.Id}}}/records/1","sample":{"told":4,"of":4}}""",
            records[1].GetRawText());
        Assert.Equal(("rejected", "x,two,2", """[{"field":"id","code":"type_mismatch"}]"""), Of(records[2]));
        Assert.Equal(("rejected", "3,three,3", """[{"field":null,"code":"check"}]"""), Of(records[3]) with { Item3 = Of(records[3]).Item3.Replace("\"id\"", "null", StringComparison.Ordinal) });
        Assert.Equal(("filtered", null, ""), Of(records[4]));
        Assert.Equal(HttpStatusCode.OK, (await running.Api.GetAsync(records[4].GetProperty("trace").GetString()!)).Status);
        Assert.Equal(4, (await running.Api.GetAsync("/v1/datasets/tapped/tap")).Json.GetProperty("items").GetArrayLength());

        static (string?, string?, string) Of(JsonElement record) => (
            record.GetProperty("outcome").GetString(), record.TryGetProperty("raw", out JsonElement raw) ? raw.GetString() : null,
            record.TryGetProperty("errors", out JsonElement errors) ? errors.GetRawText() : "");
    }

    /// <summary>Of a file that is converted the records are no text.</summary>
    [Fact]
    public async Task Tells_records_of_Parquet_as_objects()
    {
        await running.Api.DeclareAsync("tapped_parquet", Readings.Definition());
        using SseClient stream = await OpenAsync("tapped_parquet");
        using ByteArrayContent body = new(ParquetSample.Of("SELECT 7::BIGINT AS id, 'sev\"en' AS name, 1.5::DECIMAL(4,2) AS amount"));
        body.Headers.TryAddWithoutValidation("Content-Type", "application/vnd.apache.parquet");

        await running.Api.WhenFinalAsync((await running.Api.UploadAsync("tapped_parquet", body)).Job.Id);

        var record = JsonElement.Parse((await stream.NextAsync())!.Data);
        Assert.Equal("""{"id":7,"name":"sev\"en","amount":1.50}""", record.GetProperty("raw").GetString());
    }

    [Fact]
    public async Task Shows_nothing_of_personal_data()
    {
        await running.Api.DeclareAsync("tapped_pii", Readings.Definition(
            "'transforms': [ { 'op': 'hash', 'fields': ['name'], 'algorithm': 'sha256', 'pii': true } ]"));
        using SseClient stream = await OpenAsync("tapped_pii");

        await running.Api.LoadAsync("tapped_pii", Readings.Header + "1,secret,1.5\n");

        string told = (await stream.NextAsync())!.Data;
        Assert.Contains("""row":{"id":"1","amount":"1.5"}""", told, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", told, StringComparison.Ordinal);
        Assert.DoesNotContain("name", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_pays_while_nobody_listens()
    {
        await running.Api.DeclareAsync("untapped", Readings.Definition());
        RecordTaps taps = running.Service.Services.GetRequiredService<RecordTaps>();

        Assert.Null(taps.Of("untapped"));
        using (await OpenAsync("untapped"))
        {
            Assert.NotNull(taps.Of("untapped"));
        }

        await BoundedWait.UntilAsync("the listener to be gone", () => taps.Of("untapped") is null);
        await running.Api.LoadAsync("untapped", Readings.Csv(5));
        Assert.Equal(0, (await running.Api.GetAsync("/v1/datasets/untapped/tap")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public void Tells_so_many_a_second_and_keeps_so_many()
    {
        Microsoft.Extensions.Time.Testing.FakeTimeProvider time = new();
        RecordTap tap = new("t", time);
        Assert.Equal((RecordTap.RateMax, 0), (tap.Grant(RecordTap.RateMax + 7), tap.Grant(1)));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, tap.Grant(3));
        for (int i = 0; i < RecordTap.KeptMax + 11; i++)
        {
            tap.Tell([(byte)'0']);
        }

        (IReadOnlyList<byte[]> records, long missed) = tap.ReadFrom(4);
        Assert.Equal((RecordTap.KeptMax, 7L), (records.Count, missed));
    }

    private async Task<SseClient> OpenAsync(string dataset)
    {
        SseClient stream = await SseClient.OpenAsync(running.Service.Client, $"/v1/datasets/{dataset}/tap");
        RecordTaps taps = running.Service.Services.GetRequiredService<RecordTaps>();
        await BoundedWait.UntilAsync("somebody to listen", () => taps.Of(dataset) is not null);
        return stream;
    }
}
