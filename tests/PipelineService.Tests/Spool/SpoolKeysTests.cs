using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

public sealed class SpoolKeysTests : IDisposable
{
    private readonly SpoolFolder _spool = new();

    [Fact]
    public async Task Finds_an_upload_by_dataset_and_key_while_it_is_there()
    {
        Guid id = await StoreAsync("trips", "key-1");
        await StoreAsync("trips", "key-2");
        await StoreAsync("stops", key: null);

        Assert.Equal(id, _spool.Directory.FindByKey("trips", "key-1")?.JobId);
        Assert.Null(_spool.Directory.FindByKey("stops", "key-1"));
        Assert.Null(_spool.Directory.FindByKey("trips", "key-3"));
        Guid late = await StoreAsync("trips", "key-3");
        Assert.Equal(late, _spool.Directory.FindByKey("trips", "key-3")?.JobId);

        _spool.Directory.Delete(id);
        Assert.Null(_spool.Directory.FindByKey("trips", "key-1"));
    }

    /// <summary>A manifest never changes, so one that does shows whether it is read again.</summary>
    [Fact]
    public async Task Reads_a_manifest_once_however_many_keys_are_looked_for()
    {
        Guid id = await StoreAsync("trips", "key-1");
        Assert.Null(_spool.Directory.FindByKey("trips", "another"));

        Manifest(id, "trips", "another").Write(_spool.Directory.ManifestPath(id));

        Assert.Null(_spool.Directory.FindByKey("trips", "another"));
        Assert.Null(_spool.Directory.FindByKey("trips", "key-1")); // found, looked at, and not what it was
    }

    [Fact]
    public async Task Passes_over_manifests_that_cannot_be_read()
    {
        Guid damaged = await StoreAsync("trips", "key-1"), newer = await StoreAsync("trips", "key-2");
        await File.WriteAllTextAsync(
            _spool.Directory.ManifestPath(damaged), "{}", TestContext.Current.CancellationToken);
        SpoolFolder.MakeNewer(_spool.Directory.ManifestPath(newer));
        Guid whole = await StoreAsync("trips", "key-3");

        Assert.Null(_spool.Directory.FindByKey("trips", "key-1"));
        Assert.Null(_spool.Directory.FindByKey("trips", "key-2"));
        Assert.Equal(whole, _spool.Directory.FindByKey("trips", "key-3")?.JobId);
    }

    public void Dispose() => _spool.Dispose();

    private async Task<Guid> StoreAsync(string dataset, string? key)
    {
        await using SpoolUpload upload = _spool.Create();
        await upload.SealAsync(Manifest(upload.JobId, dataset, key));
        return upload.JobId;
    }

    private static SpoolManifest Manifest(Guid id, string dataset, string? key) =>
        SpoolFolder.ManifestOf(id, 0) with { Dataset = dataset, IdempotencyKey = key };
}
