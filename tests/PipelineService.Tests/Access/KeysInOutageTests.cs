using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Access.Keys;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Access;

/// <summary>Keys while the database is away, on several instances, and by the command line beside them.</summary>
public sealed class KeysInOutageTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string AdminKey = "0123456789abcdef0123456789abcdef-admin";

    /// <summary>Long, so that what is seen sooner came by the signal.</summary>
    private static readonly (string, string?)[] Settings =
        [("Access:AdminKey", AdminKey), ("Access:RefreshInterval", "00:01:00"), ("Hosting:BreakerFailures", "2")];

    [Fact]
    public async Task Go_on_in_an_outage_and_are_revoked_everywhere_at_once()
    {
        await using TcpProxy proxy = new(database.ConnectionString);
        await using ServiceUnderTest one = await ServiceUnderTest.StartAsync(proxy.ConnectionString, Settings);
        await using ServiceUnderTest two = await ServiceUnderTest.StartAsync(database.ConnectionString, Settings);
        Api admin = As(two, AdminKey);
        await admin.DeclareAsync("outlasting", Readings.Definition());
        (string key, string id) = await MakeAsync(admin, "sender", """["ingest"]""");
        Assert.Equal(HttpStatusCode.Accepted, (await As(one, key).UploadAsync("outlasting", Readings.Csv(1))).Status);

        proxy.Cut();
        Assert.Equal(HttpStatusCode.Accepted, (await As(one, key).UploadAsync("outlasting", Readings.Csv(1))).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await As(one, key).GetAsync("/v1/jobs")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await As(one, KeyText.Make(Guid.CreateVersion7())).GetAsync("/v1/jobs")).Status);
        proxy.Mend();

        // What was heard before the cut is not heard twice: it has to be listening again.
        await BoundedWait.UntilAsync("the first instance to hear of a new key", async () =>
        {
            (string probe, _) = await MakeAsync(admin, "probe", """["read"]""");
            return (await As(one, probe).GetAsync("/v1/jobs")).Status == HttpStatusCode.OK;
        });
        // The first time it may be heard of by listening again, the second time by the signal alone.
        (string second, string secondId) = await MakeAsync(admin, "second", """["read"]""");
        Assert.Equal(HttpStatusCode.OK, (await As(two, second).GetAsync("/v1/jobs")).Status);
        foreach ((string revoked, string revokedId) in new[] { (key, id), (second, secondId) })
        {
            await WhenAsync(one, revoked, HttpStatusCode.Unauthorized, isNot: true);
            Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"/v1/keys/{revokedId}")).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await As(two, revoked).GetAsync("/v1/jobs")).Status);
            await WhenAsync(one, revoked, HttpStatusCode.Unauthorized, isNot: false);
        }
    }

    [Fact]
    public async Task Are_made_rotated_and_revoked_by_the_command_line_while_the_service_runs()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            database.ConnectionString, [("Access:RequireKeys", "true"), ("Access:RefreshInterval", "00:00:00.1")]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await new Api(service.Client).GetAsync("/v1/jobs")).Status);

        (int code, string key, string said) = await RunAsync("create", "line", "--scopes", "read", "--datasets", "a_*,b", "--source", "till",
            "--requests-per-minute", "100", "--uploads-at-once=2");
        Assert.Equal((0, true), (code, said.Contains("shown this once", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.OK, (await As(service, key).GetAsync("/v1/jobs")).Status); // unknown there until it is asked for

        (_, string list, _) = await RunAsync("list");
        string line = list.Split('\n').Single(text => text.Contains("  line  ", StringComparison.Ordinal));
        Assert.EndsWith(
            "active   line  scopes=read datasets=a_*,b source=till requests-per-minute=100 uploads-at-once=2", line, StringComparison.Ordinal);
        ApiAnswer limited = await As(service, key).GetAsync("/v1/jobs");
        Assert.StartsWith("\"key-requests\";q=100;w=60", limited["RateLimit-Policy"], StringComparison.Ordinal);
        string id = line.Split(' ')[0];

        (_, string next, _) = await RunAsync("rotate", id, "--overlap=PT0S");
        await BoundedWait.UntilAsync("the key to be another", async () =>
            (await As(service, key).GetAsync("/v1/jobs")).Status == HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, (await As(service, next).GetAsync("/v1/jobs")).Status);

        Assert.Equal(0, (await RunAsync("revoke", id)).Code);
        await BoundedWait.UntilAsync("the key to be gone", async () =>
            (await As(service, next).GetAsync("/v1/jobs")).Status == HttpStatusCode.Unauthorized);
        Assert.Equal(1, (await RunAsync("revoke", id)).Code);
    }

    [Theory]
    [InlineData("There is no keys crate. Did you mean \"create\"?", "crate", "x")]
    [InlineData("keys create needs a name.", "create", "--scopes", "read")]
    [InlineData("There is no option --scope. Did you mean \"--scopes\"?", "create", "x", "--scope", "read")]
    [InlineData("--scopes needs a value.", "create", "x", "--scopes")]
    [InlineData("\"y\" is one word too many.", "create", "x", "y")]
    [InlineData("keys revoke needs an id.", "revoke")]
    [InlineData("scopes: \"raed\" is none of ingest, read, manage, admin. Did you mean \"read\"?", "create", "x", "--scopes", "raed")]
    [InlineData("scopes: Is missing", "create", "x")]
    [InlineData("requests-per-minute: \"many\" is not a whole number from 1 to 10,000,000.", "create", "x", "--scopes", "read", "--requests-per-minute", "many")]
    [InlineData(
        "bytes-per-minute: \"100\" is not a whole number from 1,024 to 1,125,899,906,842,624.", "create", "x", "--scopes", "read", "--bytes-per-minute", "100")]
    public async Task What_cannot_be_understood_is_said(string sentence, params string[] words)
    {
        (int code, string output, string errors) = await RunAsync(words);

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith(sentence, errors, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(params string[] words)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        bool lacksValue = words[^1].StartsWith("--", StringComparison.Ordinal) && !words[^1].Contains('=', StringComparison.Ordinal);
        string[] place = lacksValue ? [] : ["--ConnectionStrings:Pipeline", database.ConnectionString];
        int code = await KeysCommand.RunAsync(["keys", .. words, .. place], output, errors);
        return (code, output.ToString().Trim(), errors.ToString().Trim());
    }

    private static Task WhenAsync(ServiceUnderTest service, string key, HttpStatusCode status, bool isNot) =>
        BoundedWait.UntilAsync($"the instance to answer {(isNot ? "other than " : "")}{status}", async () =>
            (await As(service, key).GetAsync("/v1/jobs")).Status == status != isNot);

    private static Api As(ServiceUnderTest service, string key)
    {
        HttpClient client = new(service.Answers, disposeHandler: false) { BaseAddress = service.Client.BaseAddress };
        GuardedService.Authorize(client, key);
        return new Api(client);
    }

    private static async Task<(string Key, string Id)> MakeAsync(Api admin, string name, string scopes)
    {
        using StringContent body = new($$"""{ "name": "{{name}}", "scopes": {{scopes}} }""", Encoding.UTF8, "application/json");
        JsonNode made = JsonNode.Parse((await admin.PostAsync("/v1/keys", body)).Body)!;
        return ((string)made["key"]!, (string)made["id"]!);
    }
}
