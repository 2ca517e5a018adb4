using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>A service that takes credentials, with an admin key in its configuration and an issuer of tokens.</summary>
public sealed class GuardedService(PostgresServer server) : RunningService(server)
{
    public const string AdminKey = "0123456789abcdef0123456789abcdef-admin";

    private readonly TemporaryFolder _folder = new();

    public TokenIssuer Issuer { get; } = new();

    protected override IEnumerable<(string Key, string? Value)> Settings =>
    [
        ("Access:AdminKey", AdminKey),
        ("Access:TokenIssuer", TokenIssuer.Name),
        ("Access:TokenAudience", TokenIssuer.Audience),
        ("Access:TokenKeys", Issuer.KeysFile),
        ("Access:TokenTenantClaim", "tenant"),
        ("Access:TokenDatasetsClaim", "datasets"),
        ("Access:TokenSourceClaim", "source"),
        ("Access:RefreshInterval", "00:00:00.1"),
        ("Sources:Folders:incoming", _folder.Path),
        ("Events:AllowHttp", "true"),
        ("Events:AllowPrivateAddresses", "true"),
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Issuer.Dispose();
        _folder.Dispose();
    }

    protected override Task PrepareAsync()
    {
        Authorize(Service.Client, AdminKey);
        return Task.CompletedTask;
    }

    public static void Authorize(HttpClient client, string credential) =>
        client.DefaultRequestHeaders.Authorization = new("Bearer", credential);

    /// <summary>A client with a credential of its own; null: without any.</summary>
    public Api With(string? credential)
    {
        HttpClient client = new(Service.Answers, disposeHandler: false) { BaseAddress = Service.Client.BaseAddress };
        if (credential is not null)
        {
            Authorize(client, credential);
        }

        return new Api(client);
    }

    /// <summary>Makes a key.</summary>
    /// <param name="rest">More members of the request, each with a comma in front.</param>
    /// <returns>Its text and its id.</returns>
    public async Task<(string Text, string Id)> MakeKeyAsync(string name, string scopes, string rest = "", Api? by = null)
    {
        string list = string.Join(", ", scopes.Split(' ').Select(scope => $"\"{scope}\""));
        ApiAnswer answer = await PostKeyAsync($$"""{ "name": "{{name}}", "scopes": [{{list}}]{{rest.Replace('\'', '"')}} }""", by);
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
        JsonNode key = JsonNode.Parse(answer.Body)!;
        return ((string)key["key"]!, (string)key["id"]!);
    }

    /// <summary>Declares a dataset of readings as somebody of a tenant does; null: of nobody.</summary>
    public async Task<Api> MakeDatasetAsync(string dataset, string? tenant)
    {
        Api maker = tenant is null ? Api : With((await MakeKeyAsync($"maker of {dataset}", "admin", $", 'tenant': '{tenant}'")).Text);
        await maker.DeclareAsync(dataset, Readings.Definition(Readings.View));
        return maker;
    }

    /// <summary>Makes a webhook where nobody listens.</summary>
    public static async Task MakeWebhookAsync(Api by, string name)
    {
        using StringContent body = new("""{ "url": "http://127.0.0.1:1/" }""", Encoding.UTF8, "application/json");
        ApiAnswer answer = await by.PutAsync($"/v1/webhooks/{name}", body);
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
    }

    /// <summary>A delivery of a webhook, when there is one.</summary>
    public static async Task<string> WhenDeliveredAsync(Api by, string webhook)
    {
        string? id = null;
        await BoundedWait.UntilAsync("a delivery", async () =>
        {
            id = (string?)JsonNode.Parse((await by.GetAsync($"/v1/webhooks/{webhook}/deliveries")).Body)!["items"]!.AsArray().FirstOrDefault()?["id"];
            return id is not null;
        });
        return id!;
    }

    public async Task<ApiAnswer> PostKeyAsync(string json, Api? by = null)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        return await (by ?? Api).PostAsync("/v1/keys", body);
    }

    /// <summary>The same with the key known to have ended.</summary>
    public async Task<string> MakeExpiredKeyAsync(string name, string scopes, string rest = "")
    {
        (string text, string id) = await MakeKeyAsync(name, scopes, rest);
        await Database.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture, $"UPDATE pipeline.api_keys SET expires_at = now() - interval '1 minute' WHERE id = '{id}'"));
        await BoundedWait.UntilAsync("the key to expire", async () =>
            (await With(text).GetAsync("/v1/datasets")).Status == HttpStatusCode.Unauthorized);
        return text;
    }
}
