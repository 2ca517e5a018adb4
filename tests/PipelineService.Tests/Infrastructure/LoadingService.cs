using System.Text;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A service for tests that send data and look at what landed. Its chunks are as small as they can be, so that a few kilobytes
/// make several.
/// </summary>
public class LoadingService(PostgresServer server) : RunningService(server)
{
    public const int SmallChunkBytes = 4096;

    protected override IEnumerable<(string Key, string? Value)> Settings => [("Spool:ChunkBytes", $"{SmallChunkBytes}")];

    /// <summary>Declares a dataset that loads into the public table of its name.</summary>
    /// <param name="fields">The fields of the schema: JSON objects, separated by commas.</param>
    /// <param name="schema">More members of the schema, starting with a comma.</param>
    /// <param name="rest">More members of the definition, starting with a comma.</param>
    public Task DeclareAsync(string dataset, string fields, string commit = "job", string schema = "", string rest = "",
        string mode = "append") =>
        Api.DeclareAsync(dataset, $$"""
            { "schema": { "fields": [{{fields}}]{{schema}} },
              "load": { "table": "public.{{dataset}}", "mode": "{{mode}}", "commit": "{{commit}}" }{{rest}} }
            """);

    /// <summary>Sends data and waits for the job's end.</summary>
    public Task<JobView> LoadAsync(string dataset, string data) =>
        LoadAsync(dataset, Encoding.UTF8.GetBytes(data), "text/csv");

    /// <inheritdoc cref="LoadAsync(string, string)"/>
    public async Task<JobView> LoadAsync(string dataset, byte[] data, string contentType)
    {
        using ByteArrayContent body = new(data);
        body.Headers.TryAddWithoutValidation("Content-Type", contentType);
        ApiAnswer answer = await Api.UploadAsync(dataset, body);
        return await Api.WhenFinalAtLastAsync(answer.Job.Id);
    }

    /// <summary>The dead letters of a job as <c>record:line code field raw</c>, in the order of the data.</summary>
    public Task<string[]> DeadLettersAsync(JobView job) => RowsAsync($"""
        SELECT format('%s:%s %s %s %s', record, line, errors->0->>'code', coalesce(errors->0->>'field', '*'),
                      convert_from(raw, 'UTF8'))
        FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
        """);
}
