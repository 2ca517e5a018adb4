using System.Text.Json;
using PipelineService.Datasets.Definitions;
using PipelineService.Tests.Datasets.Views;

namespace PipelineService.Tests.Repository;

/// <summary>The examples of docs/views.md do what the page says.</summary>
public sealed class ViewsPageTests(ViewStand stand) : IClassFixture<ViewStand>
{
    private static readonly string Page = RepositoryFiles.Read("docs", "views.md");

    [Fact]
    public async Task The_view_is_as_it_shows()
    {
        string section = MarkdownText.Section(Page, "Declare");
        await stand.DeclareAsync("page_views", Assert.Single(MarkdownText.Blocks(section, "json")));
        await stand.Api.LoadAsync("page_views", Assert.Single(MarkdownText.Blocks(section, "csv")));

        JsonElement page = await stand.ReadAsync("page_views", "trips_per_minute");

        Assert.Equal(
            Assert.Single(MarkdownText.Blocks(section, "text")).TrimEnd().Split('\n'),
            page.GetProperty("items").EnumerateArray().Select(group => group.GetRawText()));
    }

    [Fact]
    public void Every_measure_is_told() => Assert.All(
        DefinitionWords.Figures, figure => Assert.Contains($"`{figure.Word} fare`", MarkdownText.Section(Page, "Declare"), StringComparison.Ordinal));
}
