using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Forms, as browsers and curl -F send them: each file is an upload, and the form is taken as a whole or not at all.</summary>
public sealed class FormUploadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "note" }""";
    private const string Csv = "id,note\n1,a\n2,b\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>By what its own type says, else by the end of its name, else as the dataset has it.</summary>
    [Theory]
    [InlineData("form_csv", "a.csv", "text/csv", "text/csv", Csv)]
    [InlineData("form_none", "a", null, "text/csv", Csv)]
    [InlineData("form_octets", "A.CSV", "application/octet-stream", "text/csv", Csv)]
    [InlineData("form_tabs", "a.tsv", "application/octet-stream", "text/tab-separated-values", "id\tnote\n1\ta\n2\tb\n")]
    [InlineData("form_lines", "a.ndjson", null, "application/x-ndjson", "{\"id\":1,\"note\":\"a\"}\n{\"id\":2,\"note\":\"b\"}\n")]
    [InlineData("form_json", "a.txt", "application/json", "application/json", "[{\"id\":1,\"note\":\"a\"},{\"id\":2,\"note\":\"b\"}]")]
    [InlineData("form_excel", "a.csv", "application/vnd.ms-excel", "text/csv", Csv)]
    public async Task One_file_is_answered_as_any_upload(string dataset, string file, string? type, string readAs, string data)
    {
        await service.DeclareAsync(dataset, Fields);

        HttpResponseMessage answer = await SendAsync(dataset, [Part("file", file, type, Encoding.UTF8.GetBytes(data))], "?source=acme");

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        JobView job = await service.Api.WhenFinalAsync(await IdOfAsync(answer));
        Assert.Equal((JobState.Succeeded, 2L, readAs, "acme"), (job.State, job.Records.Loaded, job.Upload.ContentType, job.Source));
    }

    [Fact]
    public async Task A_compressed_file_is_known_by_the_end_of_its_name()
    {
        await service.DeclareAsync("form_gzip", Fields);

        JobView job = await service.Api.WhenFinalAsync(
            await IdOfAsync(await SendAsync("form_gzip", [Part("file", "a.csv.gz", null, Compressed.Gzip(Csv))])));

        Assert.Equal((JobState.Succeeded, 2L), (job.State, job.Records.Loaded));
    }

    /// <summary>More than a chunk, so that they are loaded while they arrive.</summary>
    [Fact]
    public async Task Several_files_are_jobs_of_one_batch()
    {
        await service.DeclareAsync("form_several", Fields);
        string large = $"id,note\n{string.Concat(Enumerable.Range(3, 20_000).Select(id => $"{id},n\n"))}";

        HttpResponseMessage answer = await SendAsync(
            "form_several",
            [
                Part("source", null, null, "clerk"u8.ToArray()),
                Part("files", "a.csv", "text/csv", Encoding.UTF8.GetBytes(Csv)),
                Part("files", "../../\u001b[31mb\".csv", "text/csv", Encoding.UTF8.GetBytes(large)),
                Part("nothing", "", "application/octet-stream", []),
            ]);

        Assert.Equal(HttpStatusCode.MultiStatus, answer.StatusCode);
        var batch = JsonElement.Parse(await answer.Content.ReadAsStringAsync(Token));
        string id = batch.GetProperty("batch").GetString()!;
        JsonElement[] files = [.. batch.GetProperty("files").EnumerateArray()];
        Assert.Equal(["a.csv", "../../\\u001B[31mb\".csv"], files.Select(file => file.GetProperty("name").GetString()));
        foreach (JsonElement file in files)
        {
            JobView job = await service.Api.WhenFinalAsync(file.GetProperty("job").GetProperty("id").GetGuid());
            Assert.Equal((JobState.Succeeded, Guid.Parse(id), "clerk"), (job.State, job.Batch, job.Source));
        }

        Assert.Equal(20_002, await service.CountRowsAsync("form_several"));
        Assert.Equal($"/v1/jobs?batch={id}", answer.Headers.Location?.ToString());
        var listed = JsonElement.Parse(await service.Service.Client.GetStringAsync($"/v1/jobs?batch={id}", Token));
        Assert.Equal(2, listed.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_same_form_under_the_same_key_makes_the_same_jobs()
    {
        await service.DeclareAsync("form_key", Fields);
        (string?, string?, string?, byte[])[] parts = [Part("f", "a.csv", "text/csv", Encoding.UTF8.GetBytes(Csv)), Part("f", "b.csv", "text/csv", "id,note\n3,c\n"u8.ToArray())];

        string first = await (await SendAsync("form_key", parts, key: "k1")).Content.ReadAsStringAsync(Token);
        string second = await (await SendAsync("form_key", parts, key: "k1")).Content.ReadAsStringAsync(Token);

        Assert.Equal(IdsIn(first), IdsIn(second));
        Assert.Equal(2, await service.CountJobsAsync("form_key"));
        Assert.True(JsonElement.Parse(second).GetProperty("files")[1].GetProperty("replayed").GetBoolean());
    }

    public static TheoryData<string, string, string> Malformed => new()
    {
        { "multipart/form-data", "", "no boundary" },
        { $"multipart/form-data; boundary={new string('x', 71)}", "", "no boundary" },
        { "multipart/form-data; boundary=x", "", "before the boundary that closes it" },
        { "multipart/form-data; boundary=x", "--y\r\n\r\n", "before the boundary that closes it" },
        { "multipart/form-data; boundary=x", "--x--\r\n", "no file" },
        { "multipart/form-data; boundary=x", File("") + "--x\r\nContent-Disposition: form-data; name=f; filename=b.csv\r\n\r\nid,note\n3,c\n", "" },
        { "multipart/form-data; boundary=x", File("") + "--x\r\n\r\nid\r\n--x--\r\n", "Part 2 has no Content-Disposition" },
        { "multipart/form-data; boundary=x", File("") + "--x\r\nContent-Disposition: form-data; name=\"\"; filename=b.csv\r\n\r\nid\r\n--x--\r\n", "Part 2 has no Content-Disposition" },
        { "multipart/form-data; boundary=x", File("Content-Type: multipart/mixed; boundary=y\r\n") + "--x--\r\n", "Part 1 is a form itself" },
        { "multipart/form-data; boundary=x", File("Content-Transfer-Encoding: base64\r\n") + "--x--\r\n", "Content-Transfer-Encoding: base64" },
        { "multipart/form-data; boundary=x", File($"X: {new string('x', 5000)}\r\n") + "--x--\r\n", "beyond a bound" },
        { "multipart/form-data; boundary=x", File(string.Concat(Enumerable.Range(0, 9).Select(i => $"X{i}: y\r\n"))) + "--x--\r\n", "beyond a bound" },
        { "multipart/form-data; boundary=x", File("") + "--x\r\nContent-Disposition: form-data; name=csrf\r\n\r\nt\r\n--x--\r\n", "a field 'csrf'" },
        { "multipart/form-data; boundary=x", File("") + "--x\r\nContent-Disposition: form-data; name=source\r\n\r\nt\r\n--x--\r\n", "stands behind a file" },
        { "multipart/form-data; boundary=x", $"--x\r\nContent-Disposition: form-data; name=source\r\n\r\n{new string('s', 1025)}\r\n--x--\r\n", "longer than 1024 bytes" },
        { "multipart/form-data; boundary=x", string.Concat(Enumerable.Repeat(File(""), 21)) + "--x--\r\n", "more than 20 files" },
        { "multipart/form-data; boundary=x", File("Content-Type: image/png\r\n") + "--x--\r\n", "image/png" },
    };

    /// <summary>Nothing of it is kept, also not the files before what is at fault.</summary>
    [Theory, MemberData(nameof(Malformed))]
    public async Task What_is_wrong_with_a_form_is_told_and_nothing_of_it_is_taken(string type, string body, string detail)
    {
        const string Dataset = "form_malformed";
        await service.DeclareAsync(Dataset, Fields);
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        using HttpResponseMessage answer = await service.Service.Client.PostAsync(new Uri($"/v1/datasets/{Dataset}/uploads", UriKind.Relative), content, Token);

        Assert.InRange((int)answer.StatusCode, 400, 415);
        Assert.Contains(detail, await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await service.WhenDoneWithRequestsAsync();
        Assert.Equal(0, await service.CountJobsAsync(Dataset));
        service.AssertSpoolIsEmpty();
    }

    private static string File(string headers) =>
        $"--x\r\nContent-Disposition: form-data; name=f; filename=a.csv\r\n{headers}\r\n{Csv}\r\n";

    private static (string? Name, string? File, string? Type, byte[] Data) Part(string name, string? file, string? type, byte[] data) => (name, file, type, data);

    private static string[] IdsIn(string batch) =>
        [.. JsonElement.Parse(batch).GetProperty("files").EnumerateArray().Select(file => file.GetProperty("job").GetProperty("id").GetString()!)];

    private static async Task<Guid> IdOfAsync(HttpResponseMessage answer) =>
        JsonElement.Parse(await answer.Content.ReadAsStringAsync(Token)).GetProperty("id").GetGuid();

    private async Task<HttpResponseMessage> SendAsync(
        string dataset, (string? Name, string? File, string? Type, byte[] Data)[] parts, string query = "", string? key = null)
    {
        using MultipartFormDataContent form = new("----WebKitFormBoundary7MA4YWxkTrZu0gW");
        foreach ((string? name, string? file, string? type, byte[] data) in parts)
        {
            ByteArrayContent part = new(data);
            part.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
            part.Headers.TryAddWithoutValidation(
                "Content-Disposition",
                $"form-data; name=\"{name}\"" + (file is null ? "" : $"; filename=\"{file.Replace("\"", "\\\"", StringComparison.Ordinal)}\""));
            form.Add(part);
        }

        using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/datasets/{dataset}/uploads{query}") { Content = form };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await service.Service.Client.SendAsync(request, Token);
    }
}
