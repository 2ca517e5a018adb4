using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Uploads whose Content-Type says nothing, or nothing that helps: read as the dataset's format, or told what to send.</summary>
public sealed class SilentTypeTests(LoadingService service) : IClassFixture<LoadingService>
{
    [Theory]
    [InlineData("csv", "id,note\n1,a\n")]
    [InlineData("csv", "\uFEFFid,note\n1,a\n")]
    [InlineData("ndjson", "{\"id\":1,\"note\":\"a\"}\n")]
    [InlineData("json", " [{\"id\":1,\"note\":\"a\"}]")]
    public async Task Without_a_type_the_format_of_the_dataset_is_it(string format, string data)
    {
        string dataset = await DeclareAsync(format);

        ApiAnswer answer = await SendAsync(dataset, data, contentType: null);

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(JobState.Succeeded, (await service.Api.WhenFinalAsync(answer.Job.Id)).State);
    }

    [Theory]
    [InlineData("csv", null, "[{\"id\":1}]", "begins as application/json does", "-H 'Content-Type: application/json'")]
    [InlineData("csv", "application/octet-stream", "{\"id\":1}\n{\"id\":2}\n", "application/x-ndjson", "-H 'Content-Type: application/x-ndjson'")]
    [InlineData("csv", null, "\u001E{\"id\":1}\n", "application/json-seq", "the dataset's \"format\"")]
    [InlineData("json", null, "id,note\n1,a\n", "text/csv", "-H 'Content-Type: text/csv'")]
    [InlineData("csv", null, "PK\u0003\u0004xxxx", "ZIP", "No Content-Type was sent")]
    [InlineData("csv", "application/x-www-form-urlencoded", "[{\"id\":1}]", "curl -d", "-H 'Content-Type: application/json'")]
    [InlineData("csv", "application/x-www-form-urlencoded", "id\tnote\n1\ta\n", "strips line ends", "-H 'Content-Type: text/tab-separated-values'")]
    [InlineData("csv", "text/plain", "id,note\n1,a\n", "begins as text/csv does", "-H 'Content-Type: text/csv'")]
    public async Task What_cannot_be_it_is_told_with_the_header_to_send(
        string format, string? contentType, string data, params string[] told)
    {
        ApiAnswer answer = await SendAsync(await DeclareAsync(format), data, contentType);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (answer.Status, answer.Problem.Code));
        Assert.All(told, part => Assert.Contains(part, answer.Problem.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_name_of_the_file_is_told_too()
    {
        ApiAnswer answer = await SendAsync(
            await DeclareAsync("csv"), "[]", "text/plain", ("Content-Disposition", "attachment; filename=\"trips.json\""));

        Assert.Contains("Its name, 'trips.json', says application/json.", answer.Problem.Detail, StringComparison.Ordinal);
    }

    /// <summary>Nothing is guessed: a name of a field may begin with a bracket, and so may a value where there is no header.</summary>
    [Theory]
    [InlineData("\"dialect\": { \"header\": false }", "[x],a\n")]
    [InlineData("\"schema\": { \"fields\": [{ \"name\": \"[id]\" }, { \"name\": \"note\" }] }", "[id],note\n1,a\n")]
    public async Task What_may_be_it_is_read_as_it(string member, string data)
    {
        string dataset = $"silent_{Guid.NewGuid():N}";
        string schema = member.Contains("schema", StringComparison.Ordinal)
            ? "" : ", \"schema\": { \"fields\": [{ \"name\": \"id\" }, { \"name\": \"note\" }] }";
        await service.Api.DeclareAsync(dataset, $$"""{ {{member}}{{schema}} }""");

        ApiAnswer answer = await SendAsync(dataset, data, contentType: null);

        Assert.Equal(1, (await service.Api.WhenFinalAsync(answer.Job.Id)).Records.Loaded);
    }

    private async Task<ApiAnswer> SendAsync(
        string dataset, string data, string? contentType, params (string Name, string Value)[] headers)
    {
        using ByteArrayContent body = new(System.Text.Encoding.UTF8.GetBytes(data));
        if (contentType is not null)
        {
            body.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        foreach ((string name, string value) in headers)
        {
            body.Headers.TryAddWithoutValidation(name, value);
        }

        return await service.Api.UploadAsync(dataset, body);
    }

    private async Task<string> DeclareAsync(string format)
    {
        string dataset = $"silent_{format}_{Guid.NewGuid():N}";
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""", rest: $", \"format\": \"{format}\"");
        return dataset;
    }
}
