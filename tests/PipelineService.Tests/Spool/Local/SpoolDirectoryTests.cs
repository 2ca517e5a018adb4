using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging.Abstractions;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class SpoolDirectoryTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SpoolFolder _spool = new(options => options.SharedBytesMax = 0);

    [Fact]
    public void Keeps_its_name_from_start_to_start() => Assert.Equal(_spool.Directory.Id, _spool.Open().Id);

    [Fact]
    public void Makes_a_directory_that_is_not_there_with_those_above_it()
    {
        using TemporaryFolder folder = new();
        SpoolOptions options = new() { Directory = Path.Combine(folder.Path, "a", "b", "spool") };
        using SpoolDirectory spool = new(
            Microsoft.Extensions.Options.Options.Create(options), NullLogger<SpoolDirectory>.Instance);

        spool.Prepare(Guid.CreateVersion7());

        Assert.True(File.Exists(Path.Combine(options.Directory, "spool.id")));
    }

    [Fact]
    public void Clears_data_that_was_never_acknowledged()
    {
        string data = _spool.Directory.DataPath(Guid.CreateVersion7());
        string manifest = _spool.Directory.ManifestPath(Guid.CreateVersion7()) + ".new";
        File.WriteAllText(data, "half an upload");
        File.WriteAllText(manifest, "half a manifest");

        SpoolDirectory restarted = _spool.Open();

        Assert.False(File.Exists(data));
        Assert.False(File.Exists(manifest));
        Assert.Equal(0, restarted.Bytes);
    }

    [Fact]
    public async Task Keeps_data_that_a_living_process_is_receiving()
    {
        await using SpoolWriter upload = _spool.Create();
        await upload.AppendAsync(new byte[100]);

        SpoolDirectory other = _spool.Open();

        Assert.Equal(100, other.Bytes);
        await upload.SealAsync();
        Assert.Equal([upload.Id], other.SealedUploads());
    }

    /// <summary>Between writing the manifest and giving it its name, another instance may start or sweep.</summary>
    [Fact]
    public async Task Keeps_the_half_written_manifest_of_a_living_process()
    {
        await using SpoolWriter upload = _spool.Create();
        string manifest = _spool.Directory.ManifestPath(upload.Id) + ".new";
        await File.WriteAllTextAsync(manifest, "half a manifest", TestContext.Current.CancellationToken);

        _spool.Open();
        Assert.True(File.Exists(manifest));

        await upload.DisposeAsync();
        _spool.Directory.Sweep(DateTimeOffset.MinValue);
        Assert.False(File.Exists(manifest));
    }

    [Fact]
    public void Clears_what_a_killed_start_has_left_of_its_name()
    {
        string leftover = Path.Combine(_spool.Path, $"spool.id.{Guid.CreateVersion7():N}");
        File.WriteAllText(leftover, "half a name");

        Assert.Equal(_spool.Directory.Id, _spool.Open().Id);

        Assert.False(File.Exists(leftover));
    }

    /// <summary>
    /// Its seal failed after the manifest had its name, and so did the removal: the sender was told that it is not taken, so no
    /// recovery of this process may take it.
    /// </summary>
    [Fact]
    public async Task A_refused_upload_that_cannot_be_removed_is_never_taken_for_a_sealed_one()
    {
        SpoolWriter upload = _spool.Create();
        await upload.AppendAsync(new byte[100]);
        string manifest = _spool.Directory.ManifestPath(upload.Id);
        Directory.CreateDirectory(manifest); // no file that could be removed
        await upload.DisposeAsync();
        Directory.Delete(manifest);
        await File.WriteAllTextAsync(manifest, "{}", TestContext.Current.CancellationToken);

        Assert.Empty(_spool.Directory.SealedUploads());
        Assert.Null(_spool.Directory.FindManifest(upload.Id));
        Assert.Equal(100, _spool.Directory.Bytes);

        _spool.Directory.Sweep(DateTimeOffset.MinValue);

        Assert.False(File.Exists(manifest));
        Assert.False(File.Exists(_spool.Directory.DataPath(upload.Id)));
        Assert.Equal(0, _spool.Directory.Bytes);
    }

    [Fact]
    public async Task Keeps_sealed_uploads_and_lists_them_in_the_order_in_which_they_came()
    {
        List<Guid> ids = [];
        for (int i = 0; i < 5; i++)
        {
            await using SpoolWriter upload = await _spool.SealedAsync(new byte[10]);
            ids.Add(upload.Id);
        }

        SpoolDirectory restarted = _spool.Open();

        Assert.Equal(ids.Order(), restarted.SealedUploads());
        Assert.Equal(50, restarted.Bytes);
        await _spool.SpoolOf(restarted).DeleteAsync(ids[0]);
        await _spool.SpoolOf(restarted).DeleteAsync(ids[0]);
        Assert.Equal(ids[1..].Order(), restarted.SealedUploads());
        Assert.Equal(40, restarted.Bytes);
    }

    [Theory]
    [InlineData("notes.data")]
    [InlineData("notes.json.new")]
    [InlineData("notes.data.damaged")]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057.data.copy")]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057")]
    [InlineData(".data")]
    public void Leaves_files_alone_that_are_not_its_own(string name)
    {
        string foreign = Path.Combine(_spool.Path, name);
        File.WriteAllText(foreign, "keep me");

        _spool.Open().Sweep(damagedBefore: DateTimeOffset.MaxValue);

        Assert.Equal("keep me", File.ReadAllText(foreign));
    }

    [Fact]
    public async Task Sets_aside_what_it_cannot_understand_and_goes_on_counting_it()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(new byte[10]);
        await File.WriteAllTextAsync(
            _spool.Directory.ManifestPath(upload.Id), "{ \"jobId\": ", TestContext.Current.CancellationToken);
        Assert.Throws<SpoolDamagedException>(() => _spool.Directory.FindManifest(upload.Id));
        Assert.Null(_spool.Directory.FindManifestIfReadable(upload.Id));

        await _spool.Spool.SetAsideAsync(upload.Id, Now);
        await _spool.Spool.SetAsideAsync(upload.Id, Now);

        Assert.Empty(_spool.Directory.SealedUploads());
        Assert.True(File.Exists(_spool.Directory.DataPath(upload.Id) + ".damaged"));
        Assert.True(File.Exists(_spool.Directory.ManifestPath(upload.Id) + ".damaged"));
        await _spool.Spool.DeleteAsync(upload.Id); // as the end of its job does
        Assert.Equal(10, _spool.Directory.Bytes);
        Assert.Equal(10, _spool.Open().Bytes);
    }

    /// <summary>A disk that is not there tells nothing about what is on it.</summary>
    [Fact]
    public async Task Takes_nothing_for_missing_in_another_place()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(new byte[10]);
        string away = _spool.Path + ".away";
        Directory.Move(_spool.Path, away);
        try
        {
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => OpenAsync(upload.Id)); // no folder at all
            Directory.CreateDirectory(_spool.Path);
            Assert.Throws<SpoolUnavailableException>(() => _spool.Directory.FindManifest(upload.Id));
            await Assert.ThrowsAsync<SpoolUnavailableException>(() => _spool.Spool.SetAsideAsync(upload.Id, Now).AsTask());
            Assert.Throws<SpoolUnavailableException>(_spool.Create);
            Assert.Empty(Directory.EnumerateFileSystemEntries(_spool.Path));
            Directory.Delete(_spool.Path);
        }
        finally
        {
            Directory.Move(away, _spool.Path);
        }

        await using SpoolReader back = await OpenAsync(upload.Id);
        Assert.Equal(10, back.Length);
    }

    /// <summary>Files there may be deleted by hand, and so may the folder.</summary>
    [Fact]
    public async Task Does_without_the_folder_of_what_is_kept_until_something_is()
    {
        await using SpoolWriter first = await _spool.SealedAsync(new byte[10]);
        await using SpoolWriter second = await _spool.SealedAsync(new byte[10]);
        Directory.Delete(Path.Combine(_spool.Path, "kept"));

        _spool.Directory.Sweep(DateTimeOffset.MinValue);
        Assert.Equal(20, _spool.Directory.Bytes);
        Assert.False(await _spool.Spool.HoldsAsync(Guid.CreateVersion7(), TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<SpoolDamagedException>(() => OpenAsync(Guid.CreateVersion7()));
        await _spool.Spool.DeleteAsync(first.Id);
        await _spool.Spool.KeepAsync(second.Id);

        await using SpoolReader kept = await OpenAsync(second.Id);
        Assert.Equal(10, kept.Length);
    }

    [Fact]
    public void Says_which_instances_have_died()
    {
        using TemporaryFolder folder = new();
        var living = Guid.CreateVersion7();
        var dead = Guid.CreateVersion7();
        using var held = InstanceLock.Take(folder.Path, living);
        string instances = Path.Combine(folder.Path, "instances");
        File.WriteAllText(Path.Combine(instances, $"{dead}.lock"), ""); // a killed process leaves its file, unlocked

        Assert.Equal([living], InstanceLock.FindLiving(folder.Path, except: Guid.Empty));
        Assert.Equal([dead], InstanceLock.SweepDead(folder.Path, except: Guid.Empty));

        Assert.Empty(InstanceLock.SweepDead(folder.Path, except: Guid.Empty));
        held.Dispose();
        Assert.Empty(InstanceLock.FindLiving(folder.Path, except: Guid.Empty));
        Assert.Empty(Directory.EnumerateFiles(instances));
    }

    [Fact]
    public async Task Is_not_there_while_it_is_said_to_be_another_database_s()
    {
        SpoolOwner ours = new(Guid.CreateVersion7(), "db1:5432/app");
        string file = Path.Combine(_spool.Path, "spool.database");
        Assert.Equal(ours, _spool.Directory.BelongTo(ours));
        Assert.True(_spool.Directory.IsThere());

        await File.WriteAllTextAsync(file, $"{Guid.CreateVersion7()}\n", TestContext.Current.CancellationToken);

        Assert.False(_spool.Directory.IsThere());
        Assert.Throws<SpoolUnavailableException>(_spool.Create);
        File.Delete(file);
        Assert.False(_spool.Directory.IsThere());
        _spool.Directory.BelongTo(ours);
        Assert.True(_spool.Directory.IsThere());
    }

    [Fact]
    public void Is_never_taken_from_its_owner_but_notes_where_that_is_now()
    {
        SpoolOwner first = new(Guid.CreateVersion7(), "db1:5432/app");
        _spool.Directory.BelongTo(first);

        Assert.Equal(first, _spool.Directory.BelongTo(new SpoolOwner(Guid.CreateVersion7(), "db2:5432/app")));
        _spool.Directory.BelongTo(first with { Address = "db3:5432/app" });

        Assert.Equal(first with { Address = "db3:5432/app" }, _spool.Directory.FindOwner());
    }

    [Fact]
    public async Task Counts_the_files_that_were_set_aside()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(new byte[10]);
        await _spool.Spool.SetAsideAsync(upload.Id, Now);

        _spool.Directory.Sweep(damagedBefore: Now);
        Assert.Equal(2, _spool.Directory.DamagedFiles);

        _spool.Directory.Sweep(damagedBefore: Now.AddSeconds(1));
        Assert.Equal(0, _spool.Directory.DamagedFiles);
    }

    /// <summary>
    /// An instance looks at each claim; its own lock, which it holds, would cost an exception each time.
    /// </summary>
    [Fact]
    public void An_instance_that_is_alone_finds_that_out_without_an_exception()
    {
        (int thread, int thrown) = (Environment.CurrentManagedThreadId, 0);
        void Count(object? sender, FirstChanceExceptionEventArgs e) =>
            thrown += Environment.CurrentManagedThreadId == thread ? 1 : 0;
        AppDomain.CurrentDomain.FirstChanceException += Count;
        try
        {
            Assert.Empty(_spool.Directory.FindLivingNeighbours());
            Assert.Empty(_spool.Directory.SweepDeadInstances());
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Count;
        }

        Assert.Equal(0, thrown);
    }

    /// <summary>A lock file is made and locked in two steps; others that look between them must not take it for a dead one's.</summary>
    [Fact]
    public async Task An_instance_that_starts_is_alive_to_others_from_the_beginning()
    {
        using TemporaryFolder folder = new();
        using CancellationTokenSource over = new();
        var sweeps = Task.Run(
            () =>
            {
                while (!over.IsCancellationRequested)
                {
                    InstanceLock.SweepDead(folder.Path, except: Guid.Empty);
                }
            },
            TestContext.Current.CancellationToken);

        for (int i = 0; i < 2_000; i++)
        {
            var instance = Guid.CreateVersion7();
            using var taken = InstanceLock.Take(folder.Path, instance);
            Assert.Contains(instance, InstanceLock.FindLiving(folder.Path, except: Guid.Empty));
        }

        await over.CancelAsync();
        await sweeps;
    }

    public void Dispose() => _spool.Dispose();

    private Task<SpoolReader> OpenAsync(Guid upload) =>
        _spool.Spool.OpenAsync(upload, TestContext.Current.CancellationToken).AsTask();
}
