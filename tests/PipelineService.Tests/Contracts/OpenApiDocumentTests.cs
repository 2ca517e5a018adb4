using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts;

/// <summary>The document is the one that is served, and holds what generators need.</summary>
public sealed class OpenApiDocumentTests(RunningService running) : IClassFixture<RunningService>
{
    [Fact]
    public async Task The_served_document_is_the_one_in_the_repository()
    {
        ApiAnswer served = await running.Api.GetAsync("/openapi/v1.json");

        Assert.Equal(
            await File.ReadAllTextAsync(ApiDocument.Path, TestContext.Current.CancellationToken), served.Body,
            ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task It_is_there_as_YAML_too()
    {
        ApiAnswer yaml = await running.Api.GetAsync("/openapi/v1.yaml");

        Assert.StartsWith("openapi: '3.1", yaml.Body, StringComparison.Ordinal);
        Assert.All(
            ApiDocument.Operations,
            operation => Assert.Contains($"operationId: {operation.Id}\n", yaml.Body, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_operation_has_an_id_a_summary_and_a_description_and_a_tag_that_is_described()
    {
        string[] tags = [.. ApiDocument.Root["tags"]!.AsArray().Where(t => t!["description"] is not null).Select(t => (string)t!["name"]!)];

        Assert.All(ApiDocument.Operations, operation =>
        {
            Assert.NotEqual("", operation.Id);
            Assert.NotNull(operation.Json["summary"]);
            Assert.NotNull(operation.Json["description"]);
            Assert.Contains((string)Assert.Single(operation.Json["tags"]!.AsArray())!, tags);
        });
        Assert.Distinct(ApiDocument.Operations.Select(operation => operation.Id));
    }

    [Fact]
    public void Every_error_has_an_example_and_every_operation_says_what_any_call_may_answer() =>
        Assert.All(ApiDocument.Operations, operation =>
        {
            JsonObject responses = operation.Json["responses"]!.AsObject();
            Assert.All(
                responses.Where(r => r.Key[0] is not ('2' or '3') && r.Value!["content"]?["application/json"] is null),
                response => Assert.NotEmpty(
                    response.Value!["content"]!["application/problem+json"]!["examples"]!.AsObject()));
            Assert.Contains("400", responses.Select(r => r.Key));
            Assert.Contains("default", responses.Select(r => r.Key));
        });

    [Fact]
    public void Every_parameter_and_every_header_says_what_it_does() => Assert.All(ApiDocument.Operations, operation =>
    {
        Assert.All(Parameters(operation), parameter => Assert.False(string.IsNullOrEmpty((string?)parameter["description"]), parameter.ToJsonString()));
        Assert.All(
            from response in operation.Json["responses"]!.AsObject()
            where response.Value!["headers"] is not null
            from header in response.Value!["headers"]!.AsObject()
            select header,
            header => Assert.NotNull(header.Value!["description"]));
    });

    [Fact]
    public void Ids_are_UUIDs_wherever_they_stand()
    {
        IEnumerable<JsonNode> ids =
            from parameter in ApiDocument.Operations.SelectMany(Parameters)
            where (string?)parameter["name"] == "id"
            select parameter["schema"];

        Assert.NotEmpty(ids);
        Assert.All(ids.Append(ApiDocument.Schemas["JobView"]!["properties"]!["id"]!), id => Assert.Equal("uuid", (string?)id["format"]));
    }

    [Fact]
    public void Limits_are_numbers_and_states_are_named()
    {
        JsonNode[] parameters = [.. ApiDocument.Operations.SelectMany(Parameters)];

        Assert.All(
            parameters.Where(p => (string?)p["name"] == "limit"), limit => Assert.Equal("integer", (string?)limit["schema"]!["type"]));
        Assert.All(
            parameters.Where(p => (string?)p["name"] == "state"),
            state => Assert.Matches("#/components/schemas/(JobState|DeliveryState|GapState|SourceObjectState)\"", state["schema"]!.ToJsonString()));
    }

    [Fact]
    public void Each_form_of_the_dead_letters_has_a_schema_of_its_own()
    {
        JsonNode content = ApiDocument.Operations.Single(o => o.Id == "listDeadLetters").Response(200)!["content"]!;

        Assert.EndsWith("/DeadLetterPage", (string?)content["application/json"]!["schema"]!["$ref"], StringComparison.Ordinal);
        Assert.Equal("string", (string?)content["application/x-ndjson"]!["schema"]!["type"]);
        Assert.Equal("string", (string?)content["text/csv"]!["schema"]!["type"]);
    }

    [Fact]
    public void The_message_of_an_exception_is_the_detail_of_the_problem() =>
        Assert.True((bool)ApiDocument.Schemas["Problem"]!["properties"]!["detail"]!["x-ms-primary-error-message"]!);

    private static IEnumerable<JsonNode> Parameters(ApiOperation operation) =>
        operation.Json["parameters"]?.AsArray().OfType<JsonNode>() ?? [];
}
