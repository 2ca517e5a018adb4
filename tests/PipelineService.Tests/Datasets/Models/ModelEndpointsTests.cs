using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets.Models;

/// <summary>The resource <c>/v1/models</c>: taken, versioned, listed, refused and deleted.</summary>
public sealed class ModelEndpointsTests(LoadingService service) : IClassFixture<LoadingService>
{
    [Fact]
    public async Task A_model_has_versions_that_never_change()
    {
        byte[] first = OnnxWriter.Linear(1, [2, 3], ("feature_names", "fare,km"));
        byte[] second = OnnxWriter.Linear(5, [2, 3], ("feature_names", "fare,km"));

        ApiAnswer made = await PutAsync("fares", first);
        Assert.Equal((HttpStatusCode.Created, "/v1/models/fares/versions/1"), (made.Status, made["Location"]));
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("fares", first)).Status);
        Assert.Equal("/v1/models/fares/versions/2", (await PutAsync("fares", second))["Location"]);
        ApiAnswer again = await PutAsync("fares", first);

        Assert.Equal((HttpStatusCode.OK, 1), (again.Status, (int)JsonNode.Parse(again.Body)!["version"]!));
        JsonNode model = JsonNode.Parse((await service.Api.GetAsync("/v1/models/fares")).Body)!;
        Assert.Equal((2, 2), ((int)model["version"]!, model["versions"]!.AsArray().Count));
        JsonNode version = JsonNode.Parse((await service.Api.GetAsync("/v1/models/fares/versions/1")).Body)!;
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(first)), (string)version["sha256"]!);
        Assert.Equal(
            """[{"name":"x","type":"float","values":2,"shape":[null,2]}]""", version["inputs"]!.ToJsonString());
        Assert.Equal("""["fare","km"]""", version["features"]!.ToJsonString());
        Assert.Contains("fares", (await service.Api.GetAsync("/v1/models?limit=1000")).Body, StringComparison.Ordinal);
        Assert.Equal(
            ["model.put 1 true", "model.put 1 false", "model.put 2 true", "model.put 1 false"],
            await service.RowsAsync("SELECT concat_ws(' ', action, detail->>'version', detail->>'isNew') FROM pipeline.audit WHERE object = 'model/fares' ORDER BY at, id"));

        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/models/fares/versions/2")).Status);
        Assert.Equal("model_version_not_found", (await service.Api.DeleteAsync("/v1/models/fares/versions/2")).Problem.Code);
        Assert.Equal("/v1/models/fares/versions/3", (await PutAsync("fares", second))["Location"]);
    }

    [Theory]
    [InlineData("Fares!", "application/octet-stream", "x", "invalid_model_name")]
    [InlineData("wrong", "text/csv", "x", "unsupported_media_type")]
    [InlineData("wrong", "application/octet-stream", "", "model_refused")]
    [InlineData("wrong", "application/octet-stream", "id,fare\n1,2\n", "model_refused")]
    public async Task What_is_no_model_is_refused(string name, string type, string body, string code)
    {
        ApiAnswer answer = await PutAsync(name, System.Text.Encoding.UTF8.GetBytes(body), type);

        Assert.Equal(code, answer.Problem.Code);
        Assert.Equal("model_not_found", (await service.Api.GetAsync("/v1/models/wrong")).Problem.Code);
    }

    [Fact]
    public async Task A_version_that_is_used_stays()
    {
        await PutAsync("used", OnnxWriter.Linear(1, [1]));
        await PutAsync("used", OnnxWriter.Linear(2, [1]));
        await PutAsync("used", OnnxWriter.Linear(3, [1]));
        await DeclareAsync("uses_one", "used@1");
        await DeclareAsync("uses_newest", "used");

        ApiAnswer ofOne = await service.Api.DeleteAsync("/v1/models/used/versions/1");
        ApiAnswer ofNewest = await service.Api.DeleteAsync("/v1/models/used/versions/3");

        Assert.Equal("model_in_use", ofOne.Problem.Code);
        Assert.Contains("dataset \"uses_one\"", ofOne.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal("model_in_use", ofNewest.Problem.Code);
        Assert.Contains("dataset \"uses_newest\"", ofNewest.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/models/used/versions/2")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/datasets/uses_one")).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/models/used/versions/1")).Status);
    }

    private Task DeclareAsync(string dataset, string model) => service.DeclareAsync(
        dataset, """{ "name": "fare", "type": "number" }""", rest: $$"""
            , "transforms": [ { "op": "score", "model": "{{model}}", "inputs": { "x": "fare" }, "set": { "risk": "y" } } ]
            """);

    private async Task<ApiAnswer> PutAsync(string name, byte[] file, string type = "application/octet-stream")
    {
        using ByteArrayContent body = new(file);
        body.Headers.TryAddWithoutValidation("Content-Type", type);
        return await service.Api.PutAsync($"/v1/models/{name}", body);
    }
}
