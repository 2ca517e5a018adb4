using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A service with a database of its own, for tests that send data and look at what landed: <c>IClassFixture</c>. Its chunks are
/// as small as they can be, so that a few kilobytes make several.
/// </summary>
public class LoadingService(PostgresServer server) : IAsyncLifetime
{
    public const int SmallChunkBytes = 4096;

    private readonly TestDatabase _database = new(server);

    public TestDatabase Database => _database;

    public ServiceUnderTest Service { get; private set; } = null!;

    protected virtual (string Key, string? Value)[] Settings => [("Spool:ChunkBytes", $"{SmallChunkBytes}")];

    public async ValueTask InitializeAsync()
    {
        await _database.InitializeAsync();
        Service = await ServiceUnderTest.StartAsync(
            _database.ConnectionString,
            [("Logging:LogLevel:Default", "Critical"), .. Settings]);
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await _database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Declares a dataset that loads into the public table of its name.</summary>
    /// <param name="fields">The fields of the schema: JSON objects, separated by commas.</param>
    /// <param name="schema">More members of the schema, starting with a comma.</param>
    /// <param name="rest">More members of the definition, starting with a comma.</param>
    public async Task DeclareAsync(
        string dataset, string fields, string commit = "job", string schema = "", string rest = "")
    {
        string definition = $$"""
            { "schema": { "fields": [{{fields}}]{{schema}} },
              "load": { "table": "public.{{dataset}}", "commit": "{{commit}}" }{{rest}} }
            """;
        using StringContent body = new(definition, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await Service.Client.PutAsync($"/v1/datasets/{dataset}", body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Sends data and waits for the job's end.</summary>
    public Task<JobOutcome> LoadAsync(string dataset, string data, string contentType = "text/csv") =>
        LoadAsync(dataset, Encoding.UTF8.GetBytes(data), contentType);

    /// <inheritdoc cref="LoadAsync(string, string, string)"/>
    public async Task<JobOutcome> LoadAsync(string dataset, byte[] data, string contentType = "text/csv")
    {
        using ByteArrayContent content = new(data);
        return await SendAsync(dataset, content, contentType);
    }

    /// <summary>Starts an upload that stays open until the test ends it.</summary>
    public OpenUpload Open(string dataset, string contentType = "text/csv") => new(this, dataset, contentType);

    internal async Task<JobOutcome> SendAsync(string dataset, HttpContent content, string contentType)
    {
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/datasets/{dataset}/uploads") { Content = content };
        request.Headers.Add("Prefer", "wait=60");
        using HttpResponseMessage answer = await Service.Client.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JobOutcome.Of(JsonDocument.Parse(text).RootElement);
    }

    /// <summary>The dead letters of a job as <c>record:line code field raw</c>, in the order of the data.</summary>
    public Task<string[]> DeadLettersAsync(JobOutcome job) => RowsAsync($"""
        SELECT format('%s:%s %s %s %s', record, line, errors->0->>'code', coalesce(errors->0->>'field', '*'),
                      convert_from(raw, 'UTF8'))
        FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
        """);

    /// <summary>The rows of a query with one text column.</summary>
    public async Task<string[]> RowsAsync(string sql)
    {
        List<string> rows = [];
        await using NpgsqlCommand command = Database.DataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return [.. rows];
    }
}

/// <summary>A job as the API shows it.</summary>
public sealed record JobOutcome(Guid Id, string State, long Read, long Loaded, long Rejected, string? Error, string? Detail)
{
    internal static JobOutcome Of(JsonElement job)
    {
        JsonElement records = job.GetProperty("records");
        JsonElement? error = job.GetProperty("error") is { ValueKind: JsonValueKind.Object } problem ? problem : null;
        return new JobOutcome(
            job.GetProperty("id").GetGuid(),
            job.GetProperty("state").GetString()!,
            records.GetProperty("read").GetInt64(),
            records.GetProperty("loaded").GetInt64(),
            records.GetProperty("rejected").GetInt64(),
            error?.GetProperty("code").GetString(),
            error?.GetProperty("detail").GetString());
    }
}
