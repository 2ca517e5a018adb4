using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Infrastructure;

/// <summary>The OpenAPI document in the repository, as tests look things up in it.</summary>
internal static class ApiDocument
{
    public static string Path { get; } = System.IO.Path.Combine(RepositoryFiles.Root, "openapi", "v1.json");

    public static JsonObject Root { get; } = JsonNode.Parse(File.ReadAllText(Path))!.AsObject();

    public static JsonObject Schemas { get; } = Root["components"]!["schemas"]!.AsObject();

    public static IReadOnlyList<ApiOperation> Operations { get; } =
    [
        .. from path in Root["paths"]!.AsObject()
           from method in path.Value!.AsObject()
           select new ApiOperation(method.Key.ToUpperInvariant(), path.Key, method.Value!.AsObject()),
    ];

    /// <summary>The operation that a request goes to, or null. HEAD is answered as GET.</summary>
    public static ApiOperation? Find(HttpMethod method, string path)
    {
        string answeredAs = method == HttpMethod.Head ? "GET" : method.Method;
        return Operations.FirstOrDefault(o => o.Method == answeredAs && o.Matches(path));
    }

    /// <summary>What a schema is, wherever it stands.</summary>
    public static JsonObject Resolve(JsonNode schema) => (string?)schema["$ref"] is { } reference
        ? Schemas[reference.Split('/')[^1]]!.AsObject()
        : schema.AsObject();
}

/// <summary>One call.</summary>
internal sealed class ApiOperation(string method, string path, JsonObject json)
{
    private readonly Regex _path = new($"^{Regex.Replace(Regex.Escape(path), @"\\\{\w+}", "[^/]+")}/?$");

    public string Method { get; } = method;

    public string Path { get; } = path;

    public JsonObject Json { get; } = json;

    public string Id => (string)Json["operationId"]!;

    public bool Matches(string path) => _path.IsMatch(path);

    /// <summary>What the operation answers with a status of its own; null where it names none.</summary>
    public JsonObject? Response(int status) => Json["responses"]![$"{status}"]?.AsObject();

    public override string ToString() => $"{Method} {Path}";
}
