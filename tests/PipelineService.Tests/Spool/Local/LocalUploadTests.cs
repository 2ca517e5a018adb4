using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

/// <summary>What a disk can do to an upload. What every spool promises is in <see cref="AnySpool"/>.</summary>
public sealed class LocalUploadTests : IDisposable
{
    private static readonly byte[] Bytes = "a,b\n1,2\n"u8.ToArray();

    private readonly SpoolFolder _spool = new(options => options.SharedBytesMax = 0);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_damaged_when_its_data_file_has_another_length()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(Bytes);
        await upload.DisposeAsync();
        await File.AppendAllTextAsync(_spool.Directory.DataPath(upload.Id), "x", Token);

        SpoolDamagedException longer = await Assert.ThrowsAsync<SpoolDamagedException>(() => OpenAsync(upload.Id));
        Assert.Contains("9 bytes, but 8", longer.Message, StringComparison.Ordinal);

        File.Delete(_spool.Directory.DataPath(upload.Id));
        await Assert.ThrowsAsync<SpoolDamagedException>(() => OpenAsync(upload.Id));
    }

    [Fact]
    public async Task Is_damaged_when_the_disk_gives_back_another_byte()
    {
        byte[] bytes = new byte[BlockChecksums.BlockBytes + 100];
        await using SpoolWriter upload = await _spool.SealedAsync(bytes);
        string data = _spool.Directory.DataPath(upload.Id);
        await upload.DisposeAsync();
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(data, bytes, Token);

        await using SpoolReader opened = await OpenAsync(upload.Id);

        await opened.VerifyAsync(0, BlockChecksums.BlockBytes, Token);
        await Assert.ThrowsAsync<SpoolDamagedException>(() => opened.VerifyAsync(0, bytes.Length, Token));
    }

    /// <summary>It was whole when it was opened; a reader must neither wait for ever for the rest nor take less for all.</summary>
    [Fact]
    public async Task Is_damaged_when_its_data_file_is_cut_while_it_is_read()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(Bytes);
        await using SpoolReader reader = upload.Follow();
        await using (FileStream data = new(_spool.Directory.DataPath(upload.Id), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            data.SetLength(3);
        }

        byte[] read = new byte[100];
        Assert.Equal(3, await reader.ReadAsync(read, 0, Token));
        await Assert.ThrowsAsync<SpoolDamagedException>(() => reader.ReadAsync(read, 3, Token).AsTask());
    }

    /// <summary>The kernel tells of a failed flush once, and confirms the next one although the bytes are gone.</summary>
    [Fact]
    public async Task Is_not_sealed_at_a_second_try()
    {
        SpoolWriter upload = _spool.Create();
        await upload.AppendAsync(Bytes);
        SpooledBytes all = upload.Finish();
        SpoolManifest manifest = SpoolWriting.ManifestOf(upload.Id, all.Kept, all.Blocks);
        string temporary = _spool.Directory.ManifestPath(upload.Id) + ".new";
        Directory.CreateDirectory(temporary);
        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(() => upload.SealAsync(manifest));
        Directory.Delete(temporary);

        await Assert.ThrowsAsync<InvalidOperationException>(() => upload.SealAsync(manifest));

        await upload.DisposeAsync();
        Assert.Equal(["spool.id"], Directory.EnumerateFiles(_spool.Path).Select(Path.GetFileName));
        Assert.Equal(0, _spool.Directory.Bytes);
    }

    /// <summary>
    /// Whoever meets a manifest of a newer form: it reads nothing out of it, and leaves both files as they are. Recovery and claims are in
    /// <see cref="Jobs.Runs.SpoolRecoveryTests"/>.
    /// </summary>
    [Fact]
    public async Task Of_a_newer_form_is_left_alone_by_every_reader()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(Bytes);
        await upload.DisposeAsync();
        SpoolFolder.MakeNewer(_spool.Directory.ManifestPath(upload.Id));
        (string, string)[] files = Files();

        await Assert.ThrowsAsync<SpoolNewerException>(() => _spool.Spool.FindAsync(upload.Id, Token).AsTask());
        await Assert.ThrowsAsync<SpoolNewerException>(() => OpenAsync(upload.Id));
        Assert.Null(await _spool.Spool.FindByKeyAsync("trips", "key-1", Token));
        Assert.Equal([upload.Id], await _spool.Spool.ListAsync(Token).ToArrayAsync(Token));
        Assert.True(await _spool.Spool.HoldsAsync(upload.Id, Token));
        _spool.Directory.Sweep(damagedBefore: DateTimeOffset.MaxValue);
        Assert.Equal(Bytes.Length, _spool.Open().Bytes); // a start, which looks through the manifests too

        Assert.Equal(files, Files());
    }

    public void Dispose() => _spool.Dispose();

    private Task<SpoolReader> OpenAsync(Guid upload) => _spool.Spool.OpenAsync(upload, Token).AsTask();

    private (string Name, string Content)[] Files() =>
        [.. Directory.EnumerateFiles(_spool.Path).Order().Select(path => (path, File.ReadAllText(path)))];
}
