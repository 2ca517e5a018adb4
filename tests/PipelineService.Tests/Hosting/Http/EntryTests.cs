using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>Who has nothing but the address of the service gets on from there.</summary>
public sealed partial class EntryTests(RunningService running) : IClassFixture<RunningService>
{
    [Fact]
    public async Task Programs_find_the_document()
    {
        ApiAnswer entry = await running.Api.GetAsync("/");

        EntryAnswer links = entry.Read<EntryAnswer>();
        Assert.Equal("PipelineService", links.Service);
        Assert.Equal("</openapi/v1.json>; rel=\"service-desc\"", entry["Link"]);
        Assert.Equal("Accept", entry["Vary"]);
        foreach (JsonProperty link in JsonSerializer.SerializeToElement(links.Links).EnumerateObject())
        {
            Assert.Equal((link.Name, HttpStatusCode.OK), (link.Name, (await running.Api.GetAsync(link.Value.GetString()!)).Status));
        }
    }

    [Fact]
    public async Task Browsers_get_a_page_whose_links_lead_on()
    {
        ApiAnswer page = await running.Api.GetAsync(
            "/", ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"));

        Assert.Equal("text/html; charset=utf-8", page["Content-Type"]);
        string[] links = [.. Links().Matches(page.Body).Select(link => link.Groups[1].Value)];
        Assert.Contains("/openapi/v1.json", links);
        foreach (string link in links)
        {
            Assert.Equal((link, HttpStatusCode.OK), (link, (await running.Api.GetAsync(link)).Status));
        }
    }

    [Theory]
    [InlineData("*/*")]
    [InlineData("application/json")]
    [InlineData("text/html;q=0.5, application/json")]
    [InlineData("nonsense")]
    public async Task Who_does_not_ask_for_a_page_gets_JSON(string accept)
    {
        ApiAnswer entry = await running.Api.GetAsync("/", ("Accept", accept));

        Assert.StartsWith("application/json", entry["Content-Type"], StringComparison.Ordinal);
    }

    [GeneratedRegex("href=\"([^\"]+)\"")]
    private static partial Regex Links();
}
