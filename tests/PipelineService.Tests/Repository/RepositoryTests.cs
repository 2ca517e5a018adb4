using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>Rules of the layout that no analyzer holds us to.</summary>
public sealed partial class RepositoryTests
{
    private const int LinesMax = 400;

    /// <summary>The stages, and what they stand on.</summary>
    private static readonly string[] Folders =
        ["Access", "Datasets", "Events", "Figures", "Hosting", "Intake", "Jobs", "Properties", "Sources", "Spool", "Transform", "Write"];

    private static readonly string Source = Path.Combine(RepositoryFiles.Root, "src");

    /// <summary>Hidden ones are no code: a service that was started there keeps its data in .pipeline.</summary>
    private static IEnumerable<string> FoldersOfTheService => Directory.EnumerateDirectories(RepositoryFiles.Service)
        .Select(path => Path.GetFileName(path)!)
        .Where(name => name[0] != '.');

    [Fact]
    public void Every_folder_of_the_service_is_a_stage() => Assert.Subset(
        Folders.ToHashSet(),
        FoldersOfTheService.ToHashSet());

    [Fact]
    public void The_README_tells_every_stage_in_the_order_of_the_listing()
    {
        string listing = MarkdownText.Section(RepositoryFiles.Read("README.md"), "Where things are");
        IEnumerable<string> stages = FoldersOfTheService
            .Except(["Properties"])
            .Order(StringComparer.Ordinal);

        Assert.Equal(stages, IndentedWord().Matches(listing).Select(match => match.Groups[1].Value));
    }

    [Fact]
    public void No_source_file_is_longer_than_can_be_read_in_one_go() => Assert.Empty(
        from file in RepositoryFiles.Below(Source, "*.*")
        where Path.GetExtension(file.Path) is ".cs" or ".sql"
        let lines = file.Text.AsSpan().Count('\n')
        where lines > LinesMax
        select $"{file.Path}: {lines} lines");

    [Fact]
    public void Every_option_says_what_it_is_for_and_its_default() => Assert.Empty(
        from file in RepositoryFiles.Below(RepositoryFiles.Service, "*Options.cs")
        from option in Option().Matches(file.Text)
        where !option.Groups["comment"].Value.Contains("Default", StringComparison.Ordinal)
        select $"{file.Path}: {option.Groups["name"].Value}");

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/clients.md")]
    [InlineData("docs/compression.md")]
    [InlineData("docs/definition.md")]
    [InlineData("docs/errors.md")]
    [InlineData("docs/operations.md")]
    [InlineData("docs/reliability.md")]
    [InlineData("docs/sources.md")]
    public void Links_lead_to_files_of_the_repository(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(RepositoryFiles.Root, document))!;

        Assert.Empty(
            from link in Link().Matches(RepositoryFiles.Read(document))
            let target = link.Groups[1].Value
            where !target.StartsWith("http", StringComparison.Ordinal)
            where !File.Exists(Path.Combine(folder, target.Split('#')[0]))
            select target);
    }

    [Fact]
    public void Continuous_integration_runs_the_tests_as_the_README_says_before_it_installs_what_they_do_without()
    {
        string script = RepositoryFiles.Read(".ci", "run");
        int tests = script.IndexOf("run_tests \"test\" dotnet test\n", StringComparison.Ordinal);

        Assert.Contains("\n    dotnet test\n", RepositoryFiles.Read("README.md"), StringComparison.Ordinal);
        Assert.InRange(tests, 0, script.IndexOf("elif install_power_cut_tools", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^    ([A-Z][a-z]+)  ", RegexOptions.Multiline)]
    private static partial Regex IndentedWord();

    [GeneratedRegex(@"(?<comment>(^ *///.*\n)*)^ *public [^\n(]*? (?<name>\w+) \{ get; (init|set); \}", RegexOptions.Multiline)]
    private static partial Regex Option();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
