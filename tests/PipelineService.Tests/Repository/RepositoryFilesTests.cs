using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

public sealed class RepositoryFilesTests
{
    /// <summary>Two links to their own parent make a search that follows them endless.</summary>
    [Fact]
    public void Links_and_hidden_folders_are_not_followed()
    {
        using TemporaryFolder folder = new();
        string below = Directory.CreateDirectory(Path.Combine(folder.Path, "below")).FullName;
        Directory.CreateDirectory(Path.Combine(folder.Path, ".hidden"));
        File.WriteAllText(Path.Combine(below, "one.cs"), "1");
        File.WriteAllText(Path.Combine(folder.Path, ".hidden", "two.cs"), "2");
        Directory.CreateSymbolicLink(Path.Combine(below, "back"), folder.Path);
        Directory.CreateSymbolicLink(Path.Combine(below, "again"), folder.Path);

        Assert.Equal([(Path.Combine("below", "one.cs"), "1")], RepositoryFiles.Below(folder.Path, "*.cs"));
    }
}
