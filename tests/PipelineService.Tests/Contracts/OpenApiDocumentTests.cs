using System.Reflection;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts;

public sealed class OpenApiDocumentTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_served_document_is_the_one_in_the_repository()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);

        string served = await service.Client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Token);

        Assert.Equal(await File.ReadAllTextAsync(FilePath, Token), served, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task Every_operation_has_an_id_and_a_summary_and_every_error_an_example()
    {
        JsonNode document = JsonNode.Parse(await File.ReadAllTextAsync(FilePath, Token))!;
        List<string> faults = [];
        foreach ((string path, JsonNode? methods) in document["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in methods!.AsObject())
            {
                if (operation!["operationId"] is null || operation["summary"] is null)
                {
                    faults.Add($"{method} {path}: no operationId or no summary");
                }

                faults.AddRange(
                    from response in operation["responses"]!.AsObject()
                    where response.Key[0] is '4' or '5'
                    where response.Value!["content"]?["application/problem+json"]?["examples"]?.AsObject().Count is not > 0
                    select $"{method} {path}: {response.Key} without an example");
            }
        }

        Assert.Empty(faults);
    }

    private static string FilePath { get; } = Path.Combine(
        typeof(OpenApiDocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!,
        "openapi",
        "v1.json");
}
