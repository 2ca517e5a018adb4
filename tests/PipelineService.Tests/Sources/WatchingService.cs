using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources;

/// <summary>A service that watches folders below one of its own, and takes no upload of more than 4 kB.</summary>
public sealed class WatchingService(PostgresServer server) : LoadingService(server)
{
    public const int BodyBytesMax = 4096;

    private readonly TemporaryFolder _incoming = new();

    protected override IEnumerable<(string Key, string? Value)> Settings =>
    [
        .. base.Settings, ("Sources:Folders:incoming", _incoming.Path), ("Sources:PollInterval", "00:00:00.1"),
        ("Intake:BodyBytesMax", $"{BodyBytesMax}"),
    ];

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _incoming.Dispose();
    }

    /// <summary>The folder of a source, and a file in it.</summary>
    public string PathOf(string source, string name = "") => Path.Combine(_incoming.Path, source, name);

    /// <summary>Puts a file there as it should be: written under another name, and renamed.</summary>
    public void Drop(string source, string name, string text)
    {
        string hidden = PathOf(source, "." + name);
        File.WriteAllText(hidden, text);
        File.Move(hidden, PathOf(source, name), overwrite: true);
    }

    /// <summary>Declares a dataset of readings and a source for it, both of one name, with a folder of that name.</summary>
    /// <param name="folder">More members of the folder, starting with a comma.</param>
    /// <param name="rest">More members of the source, starting with a comma.</param>
    public async Task WatchAsync(string name, string folder = ", 'settle': 'PT0S'", string rest = "")
    {
        Directory.CreateDirectory(PathOf(name));
        await Api.DeclareAsync(name, Readings.Definition());
        ApiAnswer answer = await PutAsync(name, $"{{ 'dataset': '{name}', 'folder': {{ 'root': 'incoming', 'path': '{name}', 'interval': 'PT1S'{folder} }}{rest} }}");
        Assert.True(answer.Status == HttpStatusCode.Created, answer.Body);
    }

    public async Task<ApiAnswer> PutAsync(string name, string json)
    {
        using StringContent body = new(json.Replace('\'', '"'), Encoding.UTF8, "application/json");
        return await Api.PutAsync($"/v1/sources/{name}", body);
    }

    public async Task<JsonNode> SourceAsync(string name) => JsonNode.Parse((await Api.GetAsync($"/v1/sources/{name}")).Body)!;

    public async Task<JsonArray> ObjectsAsync(string name) =>
        JsonNode.Parse((await Api.GetAsync($"/v1/sources/{name}/objects")).Body)!["items"]!.AsArray();

    /// <summary>A look that has begun after this call has ended.</summary>
    public async Task LookAsync(string name)
    {
        // The first to end may have begun before.
        for (int i = 0; i < 2; i++)
        {
            string? before = (string?)(await SourceAsync(name))["lookedAt"];
            await BoundedWait.UntilAsync("a look", async () =>
            {
                await Api.PostAsync($"/v1/sources/{name}/notify");
                return (string?)(await SourceAsync(name))["lookedAt"] is { } at && at != before;
            });
        }
    }

    /// <summary>So many objects were taken or refused and put away, and what was taken is loaded.</summary>
    public async Task WhenTakenAsync(string name, int count)
    {
        await Api.PostAsync($"/v1/sources/{name}/notify");
        await BoundedWait.UntilAsync($"{count} objects to be taken", async () =>
            await Database.ScalarAsync<long>($"""
                SELECT count(*) FROM pipeline.source_objects o JOIN pipeline.sources s ON s.id = o.source WHERE s.name = '{name}' AND o.put_away
                """) >= count);
        foreach (JsonNode? taken in (await ObjectsAsync(name)).Where(item => (string?)item!["state"] == "taken"))
        {
            Assert.True((await Api.WhenFinalAsync((Guid)taken!["jobId"]!)).State.IsFinal());
        }
    }
}
