using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class HardLinkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Gives_a_file_further_names_and_counts_them()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere files have one name.");
        string first = Path.Combine(_folder.Path, "first"), second = Path.Combine(_folder.Path, "sécond");
        File.WriteAllText(first, "text");
        Assert.Equal(1, HardLink.Count(first));

        Assert.True(HardLink.TryCreate(first, second));

        Assert.Equal((2, 2), (HardLink.Count(first), HardLink.Count(second)));
        File.Delete(first);
        Assert.Equal(("text", 1), (File.ReadAllText(second), HardLink.Count(second)));
    }

    [Fact]
    public void Does_not_take_a_name_that_is_given_and_tells_the_error()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere files have one name.");
        string first = Path.Combine(_folder.Path, "first"), second = Path.Combine(_folder.Path, "second");
        File.WriteAllText(first, "1");
        File.WriteAllText(second, "2");

        Assert.Equal(17, Assert.Throws<IOException>(() => HardLink.TryCreate(first, second)).HResult);
        Assert.Equal("2", File.ReadAllText(second));
    }

    [Fact]
    public void Says_so_where_no_further_name_can_be_given()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere files have one name.");
        Assert.False(HardLink.TryCreate(_folder.Path, Path.Combine(_folder.Path, "folder"))); // EPERM
    }

    public void Dispose() => _folder.Dispose();
}
