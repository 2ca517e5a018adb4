using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

public sealed class SpoolUploadTests : IDisposable
{
    private static readonly byte[] Bytes = "a,b\n1,2\n"u8.ToArray();

    private readonly SpoolFolder _spool = new();

    [Fact]
    public async Task Has_no_manifest_until_it_is_sealed()
    {
        await using SpoolUpload upload = _spool.Create();
        await SpoolFolder.AppendAsync(upload, Bytes);
        Assert.False(upload.IsSealed);
        Assert.Null(_spool.Directory.FindManifest(upload.JobId));

        await SpoolFolder.SealAsync(upload);

        Assert.True(upload.IsSealed);
        Assert.Equivalent(upload.Manifest, _spool.Directory.FindManifest(upload.JobId), strict: true);
        Assert.Equal(Bytes, await File.ReadAllBytesAsync(_spool.Directory.DataPath(upload.JobId), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Is_not_sealed_by_a_manifest_of_another_length()
    {
        await using SpoolUpload upload = _spool.Create();
        await SpoolFolder.AppendAsync(upload, Bytes);

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => upload.SealAsync(SpoolFolder.ManifestOf(upload.JobId, Bytes.Length + 1)));

        Assert.False(upload.IsSealed);
    }

    [Fact]
    public async Task Leaves_no_file_when_it_was_abandoned()
    {
        SpoolUpload upload = _spool.Create();
        await SpoolFolder.AppendAsync(upload, Bytes);
        SpoolUpload reader = upload.Share();

        upload.Abandon();
        await upload.DisposeAsync();
        Assert.Throws<UploadAbandonedException>(reader.ThrowIfAbandoned);
        Assert.True(File.Exists(_spool.Directory.DataPath(upload.JobId)), "The reader still holds it.");
        await reader.DisposeAsync();

        Assert.False(File.Exists(_spool.Directory.DataPath(upload.JobId)));
        Assert.Equal(0, _spool.Directory.Bytes);
    }

    [Fact]
    public async Task Can_be_opened_by_its_job_while_its_receiver_still_holds_it()
    {
        await using SpoolUpload received = await _spool.SealedAsync(Bytes);

        await using SpoolUpload opened = _spool.Directory.Open(received.JobId);

        byte[] read = new byte[100];
        Assert.Equal(Bytes, read[..await opened.ReadAsync(read, 0, TestContext.Current.CancellationToken)]);
    }

    [Fact]
    public async Task Reads_what_is_there_and_waits_for_more()
    {
        await using SpoolUpload upload = _spool.Create();
        byte[] read = new byte[100];
        Assert.Equal(0, await upload.ReadAsync(read, 0, TestContext.Current.CancellationToken));
        Task<bool> waiting = upload.WaitForBytesAsync(0, TestContext.Current.CancellationToken).AsTask();
        Assert.False(waiting.IsCompleted);

        await SpoolFolder.AppendAsync(upload, Bytes);

        Assert.True(await waiting);
        Assert.Equal(Bytes.Length - 2, await upload.ReadAsync(read, 2, TestContext.Current.CancellationToken));
        Task<bool> end = upload.WaitForBytesAsync(Bytes.Length, TestContext.Current.CancellationToken).AsTask();
        await SpoolFolder.SealAsync(upload);
        Assert.False(await end);
    }

    [Fact]
    public async Task Is_damaged_when_its_data_file_has_another_length()
    {
        await using SpoolUpload upload = await _spool.SealedAsync(Bytes);
        await upload.DisposeAsync();
        await File.AppendAllTextAsync(_spool.Directory.DataPath(upload.JobId), "x", TestContext.Current.CancellationToken);

        SpoolDamagedException longer = Assert.Throws<SpoolDamagedException>(() => _spool.Directory.Open(upload.JobId));
        Assert.Contains("9 bytes, but 8", longer.Message, StringComparison.Ordinal);

        File.Delete(_spool.Directory.DataPath(upload.JobId));
        Assert.Throws<SpoolDamagedException>(() => _spool.Directory.Open(upload.JobId));
    }

    [Fact]
    public async Task Is_damaged_when_the_disk_gives_back_another_byte()
    {
        byte[] bytes = new byte[BlockChecksums.BlockBytes + 100];
        await using SpoolUpload upload = await _spool.SealedAsync(bytes);
        await upload.VerifyAsync(0, bytes.Length, TestContext.Current.CancellationToken);
        string data = _spool.Directory.DataPath(upload.JobId);
        await upload.DisposeAsync();
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(data, bytes, TestContext.Current.CancellationToken);

        await using SpoolUpload opened = _spool.Directory.Open(upload.JobId);

        await opened.VerifyAsync(0, BlockChecksums.BlockBytes, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<SpoolDamagedException>(
            () => opened.VerifyAsync(0, bytes.Length, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Is_refused_bytes_beyond_the_quota_and_gives_back_what_it_held()
    {
        using SpoolFolder small = new(options => options.QuotaBytes = 10);
        await using (SpoolUpload upload = small.Create())
        {
            await SpoolFolder.AppendAsync(upload, Bytes);
            Assert.True(small.Directory.HasRoomFor(2));
            Assert.False(small.Directory.HasRoomFor(3));

            await Assert.ThrowsAsync<SpoolFullException>(() => SpoolFolder.AppendAsync(upload, Bytes).AsTask());

            Assert.Equal(Bytes.Length, small.Directory.Bytes);
        }

        Assert.Equal(0, small.Directory.Bytes);
    }

    /// <summary>It was whole when it was opened; a reader must neither wait for ever for the rest nor take less for all.</summary>
    [Fact]
    public async Task Is_damaged_when_its_data_file_is_cut_while_it_is_read()
    {
        await using SpoolUpload upload = await _spool.SealedAsync(Bytes);
        await using (FileStream data = new(_spool.Directory.DataPath(upload.JobId), FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            data.SetLength(3);
        }

        byte[] read = new byte[100];
        Assert.Equal(3, await upload.ReadAsync(read, 0, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<SpoolDamagedException>(
            () => upload.ReadAsync(read, 3, TestContext.Current.CancellationToken).AsTask());
    }

    /// <summary>The kernel tells of a failed flush once, and confirms the next one although the bytes are gone.</summary>
    [Fact]
    public async Task Is_not_sealed_at_a_second_try()
    {
        SpoolUpload upload = _spool.Create();
        await SpoolFolder.AppendAsync(upload, Bytes);
        string manifest = _spool.Directory.ManifestPath(upload.JobId) + ".new";
        Directory.CreateDirectory(manifest);
        await Assert.ThrowsAnyAsync<UnauthorizedAccessException>(() => SpoolFolder.SealAsync(upload));
        Directory.Delete(manifest);

        await Assert.ThrowsAsync<InvalidOperationException>(() => SpoolFolder.SealAsync(upload));

        await upload.DisposeAsync();
        Assert.Equal(["spool.id"], Directory.EnumerateFiles(_spool.Path).Select(Path.GetFileName));
        Assert.Equal(0, _spool.Directory.Bytes);
    }

    public void Dispose() => _spool.Dispose();
}
