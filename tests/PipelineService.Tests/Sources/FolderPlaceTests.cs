using System.Diagnostics;
using System.Text;
using PipelineService.Sources;
using PipelineService.Sources.Folders;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources;

/// <summary>What a watched folder shows, opens and puts away, whoever may write there.</summary>
public sealed class FolderPlaceTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Root => _temporary.Path;

    [Fact]
    public async Task Files_are_listed_with_their_state_and_temporary_names_are_not()
    {
        foreach (string name in (string[])["a.csv", "b.CSV", ".hidden.csv", "~lock.csv", "c.csv.part", "d.csv.tmp", "e.csv~", "f.csv.filepart", "g.txt"])
        {
            Write(name, "12345");
        }

        using FolderPlace place = Open(Settings with { Pattern = "*.csv" });

        FoundObject only = Assert.Single(await ListAsync(place));
        Assert.Equal(("a.csv", 5L, true), (only.Name, only.Bytes, only.IsNameable));
        Assert.Equal(FileStatus.VersionOf(5, File.GetLastWriteTimeUtc(PathOf("a.csv"))), only.Version);
        Assert.Equal("12345", await ReadAsync(place, only));
    }

    /// <summary>A pipe that is opened like a file would hold the service up for ever.</summary>
    [Fact]
    public async Task Links_pipes_and_folders_are_no_files()
    {
        Write("file", "data");
        Directory.CreateDirectory(PathOf("folder"));
        File.CreateSymbolicLink(PathOf("link"), "/etc/passwd");
        File.CreateSymbolicLink(PathOf("inner"), PathOf("file"));
        File.CreateSymbolicLink(PathOf("loop"), PathOf("loop"));
        await RunAsync("mkfifo", PathOf("pipe"));
        using FolderPlace place = Open(Settings);

        FoundObject[] found = await ListAsync(place);

        Assert.Equal(["file", "pipe"], found.Select(file => file.Name).Order()); // a listing alone does not tell a pipe from an empty file
        Assert.Null(await place.OpenAsync(found.Single(file => file.Name == "pipe"), Token));
    }

    [Fact]
    public async Task A_link_on_the_way_leads_nowhere()
    {
        string outside = Path.Combine(Root, "outside");
        Directory.CreateDirectory(Path.Combine(outside, "acme"));
        string root = Path.Combine(Root, "root");
        Directory.CreateDirectory(root);
        Directory.CreateSymbolicLink(Path.Combine(root, "partners"), outside);
        Directory.CreateSymbolicLink(Path.Combine(root, "acme"), Path.Combine(outside, "acme"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "operators"), root);

        foreach (string path in (string[])["partners/acme", "acme", "none"])
        {
            SourceFaultException fault = Assert.Throws<SourceFaultException>(() => FolderPlace.Open(root, Settings with { Path = path }, "/spool"));
            Assert.DoesNotContain(outside, fault.Message, StringComparison.Ordinal);
        }

        // What the operator has configured may be a link, and a folder for what is done may not.
        await File.WriteAllTextAsync(Path.Combine(root, "a.csv"), "1", Token);
        Directory.CreateSymbolicLink(Path.Combine(root, "done"), outside);
        using var place = FolderPlace.Open(Path.Combine(Root, "operators"), Settings, "/spool");
        FoundObject found = Assert.Single(await ListAsync(place));
        await Assert.ThrowsAsync<SourceFaultException>(() => PutAwayAsync(place, found, 1));
        Assert.Empty(Directory.EnumerateFiles(outside));
    }

    [Fact]
    public async Task A_link_that_takes_the_place_of_a_file_is_not_read()
    {
        Write("a.csv", "1");
        Write("secret", "2");
        File.SetLastWriteTimeUtc(PathOf("secret"), File.GetLastWriteTimeUtc(PathOf("a.csv")));
        using FolderPlace place = Open(Settings with { Pattern = "*.csv" });
        FoundObject found = Assert.Single(await ListAsync(place));
        File.Delete(PathOf("a.csv"));
        File.CreateSymbolicLink(PathOf("a.csv"), PathOf("secret")); // of the same size and time

        Assert.Null(await place.OpenAsync(found, Token));
    }

    [Fact]
    public void The_files_of_the_service_are_no_source()
    {
        string spool = Path.Combine(Root, "data", "spool");
        Directory.CreateDirectory(Path.Combine(spool, "inner"));

        foreach (string path in (string[])["", "data", "data/spool", "data/spool/inner"])
        {
            Assert.Throws<SourceFaultException>(() => FolderPlace.Open(Root, Settings with { Path = path }, spool));
        }

        Directory.CreateDirectory(Path.Combine(Root, "data", "spool2"));
        FolderPlace.Open(Root, Settings with { Path = "data/spool2" }, spool).Dispose();
    }

    [Fact]
    public async Task Names_are_names_and_nothing_else()
    {
        string[] names = ["a b.csv", "'; DROP TABLE x; --.csv", "$(id).csv", "ä–日本.csv", "..csv..", "-rf", "%2e%2e%2fetc", new string('x', 255)];
        foreach (string name in names)
        {
            Write(name, "1");
        }

        Write("line\nbreak.csv", "1");
        await RunAsync("sh", "-c", "printf 1 > \"$1/$(printf 'bad\\377name')\"", "sh", Root);
        using FolderPlace place = Open(Settings);

        FoundObject[] found = await ListAsync(place);

        Assert.Equal(2, found.Count(file => !file.IsNameable));
        FoundObject[] usable = [.. found.Where(file => file.IsNameable)];
        Assert.Equal(names.Where(name => name[0] != '.').Order(StringComparer.Ordinal), usable.Select(file => file.Name).Order(StringComparer.Ordinal));
        foreach ((int number, FoundObject file) in usable.Index())
        {
            Assert.Equal("1", await ReadAsync(place, file));
            await PutAwayAsync(place, file, number);
        }

        Assert.Equal(
            usable.Select(file => file.Name).Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(PathOf("done")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("more")]
    [InlineData("")]
    public async Task A_file_that_changes_while_it_is_read_is_let_go_of(string written)
    {
        Write("a.csv", new string('x', 200_000));
        using FolderPlace place = Open(Settings);
        FoundObject found = Assert.Single(await ListAsync(place));
        await using ObjectStream content = (await place.OpenAsync(found, Token))!;
        byte[] buffer = new byte[1000];
        Assert.Equal(1000, await content.ReadAsync(buffer, Token));
        await File.AppendAllTextAsync(PathOf("a.csv"), written, Token);
        File.SetLastWriteTimeUtc(PathOf("a.csv"), DateTime.UnixEpoch);

        await Assert.ThrowsAsync<IOException>(() => content.CopyToAsync(Stream.Null, Token));

        Assert.True(content.HasChanged);
        Assert.Null(content.Fault);
        Assert.Null(await place.OpenAsync(found, Token));
    }

    [Fact]
    public async Task Nothing_is_written_over_and_each_step_can_be_repeated()
    {
        using FolderPlace place = Open(Settings);
        Write("a.csv", "1");
        FoundObject first = Assert.Single(await ListAsync(place));
        await PutAwayAsync(place, first, 1);
        await PutAwayAsync(place, first, 1);
        Write("a.csv", "22");
        await PutAwayAsync(place, Assert.Single(await ListAsync(place)), 2);

        // Died with it aside; the file that has come since has nothing to do with it.
        Write("a.csv", "333");
        FoundObject third = Assert.Single(await ListAsync(place));
        File.Move(PathOf("a.csv"), PathOf(".pipeline-3"));
        Write("a.csv", "4444");
        await PutAwayAsync(place, third, 3);

        Assert.Equal(
            ["1", "22", "333"],
            Directory.EnumerateFiles(PathOf("done")).OrderBy(path => path, StringComparer.Ordinal).Select(File.ReadAllText));
        Assert.Equal(["a.csv"], Directory.EnumerateFiles(Root).Select(Path.GetFileName));
    }

    /// <summary>Somebody has put another in its place between the look and the move.</summary>
    [Theory]
    [InlineData("move")]
    [InlineData("delete")]
    public async Task What_was_not_taken_is_put_back(string after)
    {
        using FolderPlace place = Open(Settings with { After = after });
        Write("a.csv", "1");
        FoundObject found = Assert.Single(await ListAsync(place));
        Write("a.csv", "another");
        File.Move(PathOf("a.csv"), PathOf(".pipeline-7"));

        await PutAwayAsync(place, found, 7);

        Assert.Equal("another", await File.ReadAllTextAsync(PathOf("a.csv"), Token));
    }

    [Fact]
    public async Task What_was_taken_is_deleted_and_what_was_refused_is_not()
    {
        using FolderPlace place = Open(Settings with { After = FolderAfter.Delete });
        Write("good.csv", "1");
        Write("bad.csv", "2");
        FoundObject[] found = [.. (await ListAsync(place)).OrderBy(file => file.Name)];

        await place.PutAwayAsync(new TakenObject(1, "bad.csv", found[0].Version, IsRefused: true), Token);
        await place.PutAwayAsync(new TakenObject(2, "good.csv", found[1].Version, IsRefused: false), Token);

        Assert.Empty(Directory.EnumerateFiles(Root));
        Assert.Equal([PathOf("failed")], Directory.EnumerateDirectories(Root));
        Assert.Equal(["bad.csv"], Directory.EnumerateFiles(PathOf("failed")).Select(Path.GetFileName));
    }

    public void Dispose() => _temporary.Dispose();

    private static FolderSettings Settings { get; } = new(
        "root", "", "*", TimeSpan.Zero, TimeSpan.FromSeconds(1), FolderAfter.Move, FolderSettings.DoneName, FolderSettings.FailedName);

    private FolderPlace Open(FolderSettings settings) => FolderPlace.Open(Root, settings, "/spool");

    private string PathOf(string name) => Path.Combine(Root, name);

    private void Write(string name, string text) => File.WriteAllText(PathOf(name), text);

    private static async Task<FoundObject[]> ListAsync(FolderPlace place) => await place.ListAsync(Token).ToArrayAsync(Token);

    private static Task PutAwayAsync(FolderPlace place, FoundObject found, long number) =>
        place.PutAwayAsync(new TakenObject(number, found.Name, found.Version, IsRefused: false), Token).AsTask();

    private static async Task<string> ReadAsync(FolderPlace place, FoundObject found)
    {
        await using ObjectStream content = (await place.OpenAsync(found, Token))!;
        using StreamReader reader = new(content, Encoding.UTF8);
        return await reader.ReadToEndAsync(Token);
    }

    private static async Task RunAsync(string program, params string[] words)
    {
        using var process = Process.Start(program, words);
        await process.WaitForExitAsync(Token);
        Assert.Equal(0, process.ExitCode);
    }
}
