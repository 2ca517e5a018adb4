using Microsoft.Extensions.Logging.Abstractions;
using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

public sealed class SpoolDirectoryTests : IDisposable
{
    private readonly SpoolFolder _spool = new();

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
        await using SpoolUpload upload = _spool.Create();
        await SpoolFolder.AppendAsync(upload, new byte[100]);

        SpoolDirectory other = _spool.Open();

        Assert.Equal(100, other.Bytes);
        await SpoolFolder.SealAsync(upload);
        Assert.Equal([upload.JobId], other.SealedUploads());
    }

    [Fact]
    public async Task Keeps_sealed_uploads_and_lists_them_in_the_order_in_which_they_came()
    {
        List<Guid> ids = [];
        for (int i = 0; i < 5; i++)
        {
            await using SpoolUpload upload = await _spool.SealedAsync(new byte[10]);
            ids.Add(upload.JobId);
        }

        SpoolDirectory restarted = _spool.Open();

        Assert.Equal(ids.Order(), restarted.SealedUploads());
        Assert.Equal(50, restarted.Bytes);
        restarted.Delete(ids[0]);
        restarted.Delete(ids[0]);
        Assert.Equal(ids[1..].Order(), restarted.SealedUploads());
        Assert.Equal(40, restarted.Bytes);
    }

    [Fact]
    public void Leaves_files_alone_that_are_not_its_own()
    {
        string foreign = Path.Combine(_spool.Path, "notes.data");
        File.WriteAllText(foreign, "keep me");

        Assert.Equal(0, _spool.Open().Bytes);

        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task Sets_aside_what_it_cannot_understand()
    {
        await using SpoolUpload upload = await _spool.SealedAsync(new byte[10]);
        await File.WriteAllTextAsync(
            _spool.Directory.ManifestPath(upload.JobId), "{ \"jobId\": ", TestContext.Current.CancellationToken);
        Assert.Throws<SpoolDamagedException>(() => _spool.Directory.FindManifest(upload.JobId));

        _spool.Directory.SetAside(upload.JobId);

        Assert.Empty(_spool.Directory.SealedUploads());
        Assert.True(File.Exists(_spool.Directory.DataPath(upload.JobId) + ".damaged"));
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

        Assert.Equal([living], InstanceLock.FindLiving(folder.Path));
        Assert.Equal([dead], InstanceLock.SweepDead(folder.Path));

        Assert.Empty(InstanceLock.SweepDead(folder.Path));
        held.Dispose();
        Assert.Empty(InstanceLock.FindLiving(folder.Path));
        Assert.Empty(Directory.EnumerateFiles(instances));
    }

    public void Dispose() => _spool.Dispose();
}
