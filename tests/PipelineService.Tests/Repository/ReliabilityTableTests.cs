using System.Text.RegularExpressions;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Repository;

/// <summary>docs/reliability.md promises nothing that no test tries, and leaves out none of the tests of that folder.</summary>
public sealed partial class ReliabilityTableTests
{
    private static readonly string Page = RepositoryFiles.Read("docs", "reliability.md");

    private static readonly string[] Tests =
    [
        .. from type in typeof(ReliabilityTableTests).Assembly.GetTypes()
           from method in type.GetMethods()
           where method.IsDefined(typeof(FactAttribute), inherit: true)
           select $"{type.Name}.{method.Name}",
    ];

    [Fact]
    public void Every_test_that_it_names_is_there() =>
        Assert.DoesNotContain(Named(), name => !Tests.Any(test => test == name || test.StartsWith($"{name}.", StringComparison.Ordinal)));

    [Fact]
    public void Names_every_test_of_the_folder()
    {
        HashSet<string> classes =
            [.. typeof(TortureTests).Assembly.GetTypes().Where(t => t.Namespace == typeof(TortureTests).Namespace).Select(t => t.Name)];

        Assert.Empty(Tests.Where(test => classes.Contains(test.Split('.')[0])).Except(Named()));
    }

    [Fact]
    public void Names_every_command_with_its_options() => Assert.Equal(
        ByHand.Usage,
        MarkdownText.Rows(MarkdownText.Section(Page, "By hand")).Select(row => $"{row[0]} {row[1]}".Replace("`", "", StringComparison.Ordinal)));

    private static IEnumerable<string> Named() =>
        TestName().Matches(MarkdownText.Section(Page, "The faults tried")).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"`(\w+Tests(?:\.\w+)?)`")]
    private static partial Regex TestName();
}
