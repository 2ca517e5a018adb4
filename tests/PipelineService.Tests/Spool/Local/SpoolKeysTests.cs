using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class SpoolKeysTests : IDisposable
{
    private readonly SpoolFolder _spool = new();

    [Fact]
    public async Task Finds_an_upload_by_dataset_and_key_while_it_is_there()
    {
        Guid id = await StoreAsync("trips", "key-1");
        await StoreAsync("trips", "key-2");
        await StoreAsync("stops", key: null);

        Assert.Equal(id, (await FindAsync("trips", "key-1"))?.UploadId);
        Assert.Null(await FindAsync("stops", "key-1"));
        Assert.Null(await FindAsync("trips", "key-3"));
        Guid late = await StoreAsync("trips", "key-3");
        Assert.Equal(late, (await FindAsync("trips", "key-3"))?.UploadId);

        await _spool.Spool.DeleteAsync(id);
        Assert.Null(await FindAsync("trips", "key-1"));
    }

    /// <summary>A manifest never changes, so one that does shows whether it is read again.</summary>
    [Fact]
    public async Task Reads_a_manifest_once_however_many_keys_are_looked_for()
    {
        Guid id = await StoreAsync("trips", "key-1");
        Assert.Null(await FindAsync("trips", "another"));

        ManifestFile.Write(Manifest(id, "trips", "another"), _spool.Directory.ManifestPath(id));

        Assert.Null(await FindAsync("trips", "another"));
        Assert.Null(await FindAsync("trips", "key-1")); // found, looked at, and not what it was
    }

    [Fact]
    public async Task Passes_over_manifests_that_cannot_be_read()
    {
        Guid damaged = await StoreAsync("trips", "key-1"), newer = await StoreAsync("trips", "key-2");
        await File.WriteAllTextAsync(
            _spool.Directory.ManifestPath(damaged), "{}", TestContext.Current.CancellationToken);
        SpoolFolder.MakeNewer(_spool.Directory.ManifestPath(newer));
        Guid whole = await StoreAsync("trips", "key-3");

        Assert.Null(await FindAsync("trips", "key-1"));
        Assert.Null(await FindAsync("trips", "key-2"));
        Assert.Equal(whole, (await FindAsync("trips", "key-3"))?.UploadId);
    }

    public void Dispose() => _spool.Dispose();

    private async Task<SpoolManifest?> FindAsync(string dataset, string key) =>
        await _spool.Spool.FindByKeyAsync(dataset, key, TestContext.Current.CancellationToken);

    private async Task<Guid> StoreAsync(string dataset, string? key)
    {
        await using SpoolWriter upload = _spool.Create();
        await upload.SealAsync(Manifest(upload.Id, dataset, key));
        return upload.Id;
    }

    private static SpoolManifest Manifest(Guid id, string dataset, string? key) =>
        SpoolWriting.ManifestOf(id, 0) with { Dataset = dataset, IdempotencyKey = key };
}
