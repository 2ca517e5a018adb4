using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.DeadLetters;

/// <summary>The rejects of every format, fetched in the form in which they are mended, mended, and sent again: all of them are loaded.</summary>
public sealed class MendedRecordsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private static int _datasets;

    [Theory]
    [InlineData("text/csv", "", "id,note\n1,a\n#2,\"b\nc\"\n3,d\n#4,e\n")]
    [InlineData("text/csv", ", \"dialect\": { \"delimiter\": \";\", \"quoteChar\": \"\" }", "id;note\n1;a\n#2;b\n3;c\n#4;d\n")]
    [InlineData("text/csv; charset=utf-8", ", \"dialect\": { \"header\": false }", "1,a\n#2,b\n3,c\n#4,d\n")]
    [InlineData("text/tab-separated-values", "", "id\tnote\n1\ta\n#2\tb\n3\tc\n#4\td\n")]
    public async Task Delimited_text_as_CSV(string contentType, string rest, string data) => await MendAsync(
        await DeclareAsync(rest), contentType, Encoding.UTF8.GetBytes(data), "text/csv", "", "text/csv", Encoding.UTF8);

    [Theory]
    [InlineData("application/x-ndjson", "", "{\"id\":1}\n{\"id\":\"#2\",\"note\":\"ü\"}\n{\"id\":3}\n{\"id\":\"#4\"}\n")]
    [InlineData("application/json", "", "[{\"id\":1},\n{\"id\":\"#2\",\r\n \"note\":\"a\\nb\"},{\"id\":3},\n\n{\"id\":\"#4\"}]")]
    [InlineData("application/json", ", \"format\": \"json\", \"dialect\": { \"property\": \"rows\" }", "{\"rows\":[{\"id\":1},{\"id\":\"#2\"},{\"id\":3},{\"id\":\"#4\"}]}")]
    [InlineData("application/json-seq", "", "\u001E{\"id\":1}\n\u001E{\"id\":\n\"#2\"}\n\u001E{\"id\":3}\n\u001E{\"id\":\"#4\"}\n")]
    [InlineData("application/x-ndjson", ", \"format\": \"ndjson\", \"dialect\": { \"itemType\": \"array\" }", "[\"note\",\"id\"]\n[\"a\",1]\n[\"b\",\"#2\"]\n[\"c\",3]\n[null,\"#4\"]\n")]
    [InlineData("application/json", ", \"format\": \"json\", \"dialect\": { \"itemType\": \"array\" }", "[[\"note\",\"id\"],[\"a\",1],[\"b\",\n\"#2\"],[\"c\",3],[null,\"#4\"]]")]
    [InlineData("application/x-ndjson", ", \"format\": \"ndjson\", \"dialect\": { \"items\": \"rows\" }", "{\"rows\":[{\"id\":1},{\"id\":\"#2\"}]}\n{\"rows\":[{\"id\":3},{\"id\":\"#4\"}]}\n")]
    public async Task JSON_as_lines(string contentType, string rest, string data)
    {
        await MendAsync(
            await DeclareAsync(rest), contentType, Encoding.UTF8.GetBytes(data), "application/x-ndjson", "?raw=true", "application/x-ndjson",
            Encoding.UTF8);
        await MendAsync(await DeclareAsync(rest), contentType, Encoding.UTF8.GetBytes(data), "text/csv", "", "text/csv", Encoding.UTF8);
    }

    [Fact]
    public async Task JSON_of_another_encoding_in_that() => await MendAsync(
        await DeclareAsync(", \"encoding\": \"utf-16\""), "application/json",
        [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("[{\"id\":1},{\"id\":\"#2\",\"note\":\"😀\"},{\"id\":3},{\"id\":\"#4\"}]")],
        "application/x-ndjson", "?raw=true", "application/x-ndjson", Encoding.Unicode);

    [Theory]
    [InlineData("text/csv", "id,note\n#,a\n", "?raw=true", "application/x-ndjson", "mended as CSV")]
    [InlineData("application/x-ndjson", "{\"id\":\"#\"}\n", "?raw=true", "text/csv", "Accept: application/x-ndjson")]
    [InlineData("application/x-ndjson", "{\"id\":\"#\"}\n", "?raw=yes", "application/x-ndjson", "neither true nor false")]
    public async Task Asked_otherwise_it_says_how(string contentType, string data, string query, string accept, string told)
    {
        JobView job = await service.LoadAsync(await DeclareAsync(""), Encoding.UTF8.GetBytes(data), contentType);

        ApiAnswer answer = await service.Api.GetAsync($"{job.Links.DeadLetters}{query}", ("Accept", accept));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(told, answer.Body, StringComparison.Ordinal);
    }

    /// <summary>What was wrong stays wrong until it is mended: no form of it makes it right by itself.</summary>
    [Fact]
    public async Task What_is_not_mended_is_rejected_again()
    {
        string dataset = await DeclareAsync("");
        JobView job = await service.LoadAsync(
            dataset, Encoding.UTF8.GetBytes("[{\"id\":1,\"note\":\"a\nb\"},{\"id\":2,\"note\":}]"), "application/json");
        string lines = (await service.Api.GetAsync($"{job.Links.DeadLetters}?raw=true", ("Accept", "application/x-ndjson"))).Body;

        JobView again = await service.LoadAsync(dataset, Encoding.UTF8.GetBytes(lines), "application/x-ndjson");

        Assert.Equal((2L, 2L, 2L), (job.Records.Rejected, again.Records.Read, again.Records.Rejected));
    }

    private async Task MendAsync(
        string dataset, string contentType, byte[] data, string accept, string query, string sendAs, Encoding charset)
    {
        JobView job = await service.LoadAsync(dataset, data, contentType);
        Assert.Equal((2L, 2L), (job.Records.Loaded, job.Records.Rejected));
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri($"{job.Links.DeadLetters}{query}", UriKind.Relative))
        {
            Headers = { { "Accept", accept } },
        };
        using HttpResponseMessage answer = await service.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        byte[] rejects = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        byte[] mended = charset.GetBytes(charset.GetString(rejects).Replace("#", "", StringComparison.Ordinal));

        JobView second = await service.LoadAsync(dataset, mended, sendAs);

        Assert.Equal((JobState.Succeeded, 2L), (second.State, second.Records.Loaded));
        Assert.Equal(["1", "2", "3", "4"], await service.RowsAsync($"SELECT id::text FROM public.{dataset} ORDER BY id"));
    }

    private async Task<string> DeclareAsync(string rest)
    {
        string dataset = $"mended_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""", rest: rest,
            schema: rest.Contains("header", StringComparison.Ordinal) ? "" : ", \"fieldsMatch\": \"superset\"");
        return dataset;
    }
}
