using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Traces;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Traces;

/// <summary>What is made again of the kept bytes is what the load has made of them: the row in the table, the dead letter, or nothing.</summary>
public sealed class RecordTraceTests(TracedService service) : IClassFixture<TracedService>
{
    private const string Csv = "text/csv", Ndjson = "application/x-ndjson", Json = "application/json";

    [Theory]
    [InlineData("csv", Csv, "job", 5_000, 100, null)]
    [InlineData("csv_chunks", Csv, "chunk", 600, 25, null)]
    [InlineData("gzip", Csv, "job", 600, 25, ContentCoding.Gzip)]
    [InlineData("ndjson", Ndjson, "job", 600, 25, null)]
    [InlineData("zstd_json", Json, "job", 600, 25, ContentCoding.Zstd)]
    public async Task Agrees_with_the_table_and_the_dead_letters(
        string name, string type, string commit, int count, int traces, ContentCoding? coding)
    {
        string dataset = $"traced_{name}";
        await DeclareAsync(dataset, commit);
        byte[] data = type == Csv ? CsvOf(count) : JsonOf(count, isArray: type == Json);
        JobView job = await LoadAsync(dataset, type, data, coding);
        Assert.True(job.State == JobState.PartiallySucceeded, job.Error?.Detail);
        Assert.All([job.Records.Loaded, job.Records.Rejected, job.Records.Filtered], records => Assert.InRange(records, 20, count));
        Dictionary<long, Dictionary<string, string?>> rows = await RowsAsync(dataset, job.Id);
        Dictionary<long, DeadLetterView> letters = await LettersAsync(job.Id);
        Dictionary<string, string?>[] records = [.. TracedService.Records(count)];
        int calls = service.Stub.Calls.Count;

        Random random = new(20261127);
        Dictionary<string, int> seen = [];
        foreach (long record in Enumerable.Range(0, traces).Select(_ => random.NextInt64(1, count + 1)).Concat([1, 11, 13, 53, count]))
        {
            RecordTraceView trace = await service.TraceAsync(job.Id, record);
            Assert.Equal((record, "upload"), (trace.Record, trace.DerivedFrom));
            Assert.True(trace.Note is null || trace.Outcome.State == "rejected", trace.Note); // what the service answered then is not known
            AssertIsSent(trace, data, records[record - 1], type);
            AssertBecame(trace, rows.GetValueOrDefault(record), letters.GetValueOrDefault(record));
            seen[trace.Outcome.State] = seen.GetValueOrDefault(trace.Outcome.State) + 1;
        }

        Assert.Equal(["filtered", "loaded", "rejected"], seen.Keys.Order());
        Assert.Equal(calls, service.Stub.Calls.Count); // no service is asked again
    }

    /// <summary>Position and bytes, and the fields that were read of them; personal data is nowhere.</summary>
    private static void AssertIsSent(RecordTraceView trace, byte[] data, Dictionary<string, string?> sent, string type)
    {
        string[] parts = trace.Raw!.Text.Split("[hidden]");
        Assert.Equal(2, parts.Length);
        string line = Encoding.UTF8.GetString(data.AsSpan((int)trace.Position!.ByteOffset));
        Assert.StartsWith(parts[0], line, StringComparison.Ordinal);
        Assert.StartsWith($"{sent["mail"]}{parts[1]}", line[parts[0].Length..], StringComparison.Ordinal);
        Assert.Equal(1 + data.AsSpan(0, (int)trace.Position.ByteOffset).Count((byte)'\n'), trace.Position.Line);
        foreach ((string field, string? value) in sent)
        {
            Assert.Equal((field, field == "mail" ? "[hidden]" : value ?? (type == Csv ? "" : null)), (field, trace.Fields[field]));
        }

        Assert.DoesNotContain(sent["mail"]!, JsonSerializer.Serialize(trace), StringComparison.Ordinal);
        Assert.InRange(trace.Record, trace.Chunk!.FirstRecord, trace.Chunk.FirstRecord + trace.Chunk.Read - 1);
        Assert.InRange(trace.Position.ByteOffset, trace.Chunk.StartOffset, trace.Chunk.EndOffset - 1);
        Assert.NotNull(trace.CommittedAt);
        Assert.Equal(26, trace.Steps.Count);
    }

    private static void AssertBecame(RecordTraceView trace, Dictionary<string, string?>? row, DeadLetterView? letter)
    {
        if (letter is not null)
        {
            Assert.Equal(("rejected", "absent", letter.State), (trace.Outcome.State, trace.Row.State, trace.Outcome.DeadLetter));
            Assert.Equal(letter.Errors.Select(e => (e.Field, e.Code, e.Value)), trace.Outcome.Errors.Select(e => (e.Field, e.Code, e.Value)));
            Assert.Equal((letter.ByteOffset, letter.Line, letter.Raw), (trace.Position!.ByteOffset, trace.Position.Line, trace.Raw!.Text));
            AssertIsRefused(trace, letter);
            return;
        }

        if (row is null)
        {
            TracedStepView last = trace.Steps.Last(step => step.Outcome != "not_run");
            Assert.Equal(("filtered", 17, "filter", "paid", "filtered"), (trace.Outcome.State, trace.Outcome.Op, last.Op, last.Name, last.Outcome));
            Assert.Equal(("absent", "7"), (trace.Row.State, last.Inputs["fare"]));
            return;
        }

        Assert.Equal(("loaded", "found", "lineage"), (trace.Outcome.State, trace.Row.State, trace.Row.By));
        Assert.All(trace.Steps, step => Assert.Equal("kept", step.Outcome));
        foreach (TracedCheckView check in trace.Checks)
        {
            bool isHidden = check.Field == "mail";
            Assert.Equal(
                (check.Field, isHidden ? "[hidden]" : row[check.Field], "passed", (string?)null), (check.Field, check.Stored, check.Outcome, check.Code));
            Assert.All(check.Rules, rule => Assert.Contains(rule.Outcome, (string[])["passed", "skipped"]));
            Assert.Equal(isHidden ? "[hidden]" : row[check.Field], trace.Row.Values![check.Field] is { } value ? value.ToString() : null);
        }
    }

    /// <summary>What is made again is refused for what the dead letter says, but for what the table alone refuses.</summary>
    private static void AssertIsRefused(RecordTraceView trace, DeadLetterView letter)
    {
        foreach (DeadLetterError error in letter.Errors)
        {
            if (error.Code == "unique")
            {
                Assert.All(trace.Steps, step => Assert.Contains(step.Outcome, (string[])["kept", "not_known"]));
                Assert.All(trace.Checks, check => Assert.Contains(check.Outcome, (string[])["passed", "not_known"]));
            }
            else if (error.Op is int op)
            {
                Assert.Equal((error.Code, "rejected"), (error.Code, trace.Steps[op].Outcome));
            }
            else if (trace.Steps.FirstOrDefault(step => step.Outcome == "rejected") is null)
            {
                TracedCheckView check = trace.Checks.Single(check => check.Field == error.Field);
                Assert.Equal((error.Code, "failed"), (check.Code, check.Outcome));
                Assert.Contains(check.Rules, rule => rule.Outcome == "failed");
            }
        }
    }

    private Task DeclareAsync(string dataset, string commit) => service.Api.DeclareAsync(dataset, $$"""
        { "schema": { "fields": [{{TracedService.Fields}}], "primaryKey": "id", "missingValues": [""] },
          "transforms": [{{TracedService.Transforms}}], "load": { "keepUpload": "PT1H", "commit": "{{commit}}" } }
        """);

    private async Task<JobView> LoadAsync(string dataset, string type, byte[] data, ContentCoding? coding)
    {
        using ByteArrayContent body = new(coding is { } known ? Compressed.With(known, data) : data);
        body.Headers.TryAddWithoutValidation("Content-Type", type);
        ApiAnswer answer = coding is { } used
            ? await service.Api.UploadAsync(dataset, body, ("Content-Encoding", ContentCodings.TokenOf(used)))
            : await service.Api.UploadAsync(dataset, body);
        return await service.Api.WhenFinalAsync(answer.Job.Id);
    }

    private static byte[] CsvOf(int count)
    {
        StringBuilder text = new();
        foreach ((int i, Dictionary<string, string?> record) in TracedService.Records(count).Index())
        {
            text.Append(i == 0 ? string.Join(',', record.Keys) + "\n" : "");
            text.Append(CultureInfo.InvariantCulture, $"{string.Join(',', record.Values.Select(Cell))}\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());

        static string Cell(string? value) => value is null ? ""
            : value.AsSpan().ContainsAny(',', '"') ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
    }

    private static byte[] JsonOf(int count, bool isArray)
    {
        IEnumerable<string> lines = TracedService.Records(count).Select(record => JsonSerializer.Serialize(record));
        return Encoding.UTF8.GetBytes(isArray ? $"[{string.Join(",\n", lines)}]" : string.Join('\n', lines) + "\n");
    }

    private async Task<Dictionary<long, Dictionary<string, string?>>> RowsAsync(string dataset, Guid job) =>
        (await service.RowsAsync($"""
            SELECT (SELECT jsonb_object_agg(key, value #>> '{"{}"}') FROM jsonb_each(to_jsonb(t)) AS e (key, value))::text
            FROM {dataset} t WHERE _job_id = '{job}'
            """)).Select(row => JsonSerializer.Deserialize<Dictionary<string, string?>>(row)!)
        .ToDictionary(row => long.Parse(row["_record"]!, CultureInfo.InvariantCulture));

    private async Task<Dictionary<long, DeadLetterView>> LettersAsync(Guid job) =>
        (await service.Api.GetAsync($"/v1/jobs/{job}/dead-letters", ("Accept", "application/x-ndjson"))).Body
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => JsonSerializer.Deserialize<DeadLetterView>(line, PipelineService.Hosting.Http.PipelineJson.Options)!)
        .ToDictionary(letter => letter.Record);
}
