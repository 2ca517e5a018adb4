using System.Net;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources;

/// <summary>Sources are declared, changed and deleted by calls that say all that is wrong.</summary>
public sealed class SourceEndpointTests(WatchingService service) : IClassFixture<WatchingService>
{
    [Fact]
    public async Task All_faults_of_a_declaration_are_told_at_once()
    {
        ApiAnswer answer = await service.PutAsync("Faulty!", """
            { 'dataset': 'nowhere', 'source': '', 'contentType': 7, 'colour': 'red',
              'folder': { 'root': 'elsewhere', 'path': '/etc', 'pattern': 'a/b', 'settle': '2s', 'interval': 'PT0.5S', 'after': 'moved', 'done': '..',
                          'failed': '.hidden', 'depth': 3 } }
            """);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_source"), (answer.Status, answer.Problem.Code));
        Assert.Equal(
            [
                "/colour", "/contentType", "/dataset", "/folder/after", "/folder/depth", "/folder/done", "/folder/failed", "/folder/interval", "/folder/path",
                "/folder/pattern", "/folder/root", "/folder/settle", "/name", "/source",
            ],
            answer.Problem.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("It has incoming.", Assert.Single(answer.Problem.Errors["/folder/root"]), StringComparison.Ordinal);
        Assert.Equal(["/dataset", "/folder"], (await service.PutAsync("faulty", "{}")).Problem.Errors!.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("..")]
    [InlineData("a/../../b")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("a/")]
    [InlineData("a\\..\\b")]
    [InlineData("C:")]
    [InlineData("a\u0001b")]
    public async Task A_path_is_made_of_plain_names_below_a_folder_of_the_configuration(string path)
    {
        JsonObject body = new() { ["dataset"] = "nowhere", ["folder"] = new JsonObject { ["root"] = "incoming", ["path"] = path } };

        ApiAnswer answer = await service.PutAsync("escaping", body.ToJsonString());

        Assert.Contains("/folder/path", answer.Problem.Errors!.Keys);
    }

    [Fact]
    public async Task A_source_keeps_its_place_and_what_it_has_taken()
    {
        await service.WatchAsync("staying");
        service.Drop("staying", "a.csv", Readings.Csv(1));
        await service.WhenTakenAsync("staying", 1);

        ApiAnswer moved = await service.PutAsync("staying", "{ 'dataset': 'staying', 'folder': { 'root': 'incoming', 'path': 'elsewhere' } }");
        ApiAnswer changed = await service.PutAsync(
            "staying", "{ 'dataset': 'staying', 'contentType': 'text/csv', 'folder': { 'root': 'incoming', 'path': 'staying', 'after': 'keep' } }");

        Assert.Equal((HttpStatusCode.Conflict, "source_elsewhere"), (moved.Status, moved.Problem.Code));
        Assert.Equal(HttpStatusCode.OK, changed.Status);
        JsonNode source = JsonNode.Parse(changed.Body)!;
        Assert.Equal(("keep", "text/csv", 1), ((string)source["folder"]!["after"]!, (string)source["contentType"]!, (int)source["taken"]!));
        Assert.Equal("PT2S", (string)source["folder"]!["settle"]!);

        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/sources/staying")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await service.Api.GetAsync("/v1/sources/staying")).Status);
        Assert.Equal(0, await service.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.source_objects WHERE source NOT IN (SELECT id FROM pipeline.sources)"));
        Assert.Equal(1, await service.CountRowsAsync("staying"));
    }

    [Fact]
    public async Task What_was_taken_comes_in_pages_the_latest_first()
    {
        await service.WatchAsync("paged", ", 'settle': 'PT0S', 'after': 'keep'");
        foreach (string name in (string[])["a.csv", "b.csv", "c.csv"])
        {
            service.Drop("paged", name, Readings.Csv(1));
            File.SetLastWriteTimeUtc(service.PathOf("paged", name), DateTime.UnixEpoch.AddDays(name[0]));
        }

        await service.WhenTakenAsync("paged", 3);

        List<string> seen = [];
        string? cursor = "";
        while (cursor is not null)
        {
            JsonNode page = JsonNode.Parse((await service.Api.GetAsync(
                $"/v1/sources/paged/objects?state=taken&limit=2{(cursor.Length == 0 ? "" : $"&cursor={cursor}")}")).Body)!;
            seen.AddRange(page["items"]!.AsArray().Select(item => (string)item!["object"]!));
            cursor = (string?)page["nextCursor"];
        }

        Assert.Equal(3, seen.Distinct().Count());
        ApiAnswer faulty = await service.Api.GetAsync("/v1/sources/paged/objects?state=open&limit=0&cursor=x");
        Assert.Equal(["/cursor", "/limit", "/state"], faulty.Problem.Errors!.Keys.Order(StringComparer.Ordinal));
    }
}
