using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Clients;

/// <summary>What can be said of docs/clients.md without any tool.</summary>
public sealed class ClientsPageTests
{
    private static readonly string Page = RepositoryFiles.Read("docs", "clients.md");

    [Fact]
    public void The_versions_that_it_names_are_those_of_its_commands()
    {
        string commands = string.Concat(MarkdownText.Blocks(Page, "bash").Concat(MarkdownText.Blocks(Page, "xml")));
        string[][] tools = MarkdownText.Rows(Page);

        Assert.Equal(3, tools.Length);
        Assert.All(tools, tool =>
        {
            string name = MarkdownText.Code(tool[0])!;
            Assert.Contains(
                new[] { $"{name} --version {tool[1]} ", $"\"{name}\" Version=\"{tool[1]}\"", $"{name}@{tool[1]} " },
                command => commands.Contains(command, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void The_README_says_how_its_tests_are_run() =>
        Assert.Contains($"{ClientFolder.Variable}=1", RepositoryFiles.Read("README.md"), StringComparison.Ordinal);
}
