using CsCheck;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

/// <summary>Small uploads that end together share a file, and nothing else: each comes and goes by itself.</summary>
public sealed class SharedFileTests : IDisposable
{
    private static readonly byte[] Bytes = "a,b\n1,2\n"u8.ToArray();
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SpoolFolder _spool = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private SpoolDirectory Directory => _spool.Directory;

    [Fact]
    public async Task Each_upload_is_read_and_removed_by_itself()
    {
        Guid[] ids = Write(count: 3);
        Assert.All(ids, id => Assert.Equal(OperatingSystem.IsLinux() ? 3 : 1, HardLink.Count(Directory.ManifestPath(id))));
        Assert.Equal(ids, await _spool.Spool.ListAsync(Token).ToArrayAsync(Token));

        await _spool.Spool.DeleteAsync(ids[0]);

        Assert.Null(await _spool.Spool.FindAsync(ids[0], Token));
        Assert.False(await _spool.Spool.HoldsAsync(ids[0], Token));
        for (int i = 1; i < ids.Length; i++)
        {
            await using SpoolReader opened = await _spool.Spool.OpenAsync(ids[i], Token);
            Assert.Equal((ids[i], true), (opened.Manifest.UploadId, opened.WasStored));
            Assert.Equal(BytesOf(i), await ReadAsync(opened));
            await opened.VerifyAsync(0, opened.Length, Token);
            await _spool.Spool.DeleteAsync(ids[i]);
        }

        Assert.Empty(Files());
    }

    [Fact]
    public async Task Uploads_that_end_while_a_file_is_written_go_together_into_the_next()
    {
        const int Count = 10;
        using ManualResetEventSlim gate = new();
        Task[] busy = [.. Enumerable.Range(0, DiskThreads.CountMax).Select(_ => DiskThreads.RunAsync(() => gate.Wait(Token)))];
        List<SpoolWriter> uploads = [];
        for (int i = 0; i < Count; i++)
        {
            uploads.Add(_spool.Create());
            await uploads[i].AppendAsync(Bytes);
        }

        Task[] seals = [.. uploads.Select(upload => upload.SealAsync())];
        Assert.Empty(Files());
        gate.Set();
        await Task.WhenAll([.. seals, .. busy]);

        int[] names = [.. uploads.Select(upload => HardLink.Count(Directory.ManifestPath(upload.Id)))];
        Assert.True(
            !OperatingSystem.IsLinux() || names.Distinct().Count() <= 2, $"more than two files: {string.Join(' ', names)}");
        Assert.Equal(Count * Bytes.Length, Directory.Bytes);
        foreach (SpoolWriter upload in uploads)
        {
            await upload.DisposeAsync();
            await _spool.Spool.DeleteAsync(upload.Id);
        }

        Assert.Equal(0, Directory.Bytes);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Has_files_for_each_where_files_have_one_name()
    {
        Guid[] ids = Write(count: 3, new SharedFile(Directory, static (_, _) => false));

        Assert.All(ids, id => Assert.Equal(1, HardLink.Count(Directory.ManifestPath(id))));
        for (int i = 0; i < ids.Length; i++)
        {
            await using SpoolReader opened = await _spool.Spool.OpenAsync(ids[i], Token);
            Assert.Equal(BytesOf(i), await ReadAsync(opened));
        }
    }

    [Fact]
    public async Task A_name_that_cannot_be_given_refuses_the_upload_and_leaves_nothing_of_it()
    {
        await using (SpoolWriter upload = _spool.Create())
        {
            await upload.AppendAsync(Bytes);
            System.IO.Directory.CreateDirectory(Directory.ManifestPath(upload.Id));

            await Assert.ThrowsAnyAsync<IOException>(() => upload.SealAsync());

            Assert.False(upload.Growth.IsSealed);
            System.IO.Directory.Delete(Directory.ManifestPath(upload.Id));
        }

        Assert.Empty(Files());
        Assert.Equal(0, Directory.Bytes);
    }

    /// <summary>Its own bytes as long as it is known what they were, then its part of the file, until the last of them goes.</summary>
    [Fact]
    public async Task A_sweep_counts_each_with_its_part_of_the_file()
    {
        Guid[] ids = Write(count: 4);
        long length = new FileInfo(Directory.ManifestPath(ids[0])).Length;

        Directory.Sweep(DateTimeOffset.MinValue);
        Assert.InRange(Directory.Bytes, length - ids.Length, OperatingSystem.IsLinux() ? length : ids.Length * length);
        await _spool.Spool.DeleteAsync(ids[0]);
        await _spool.Spool.DeleteAsync(ids[1]);
        Directory.Sweep(DateTimeOffset.MinValue);
        Assert.InRange(Directory.Bytes, length - ids.Length, OperatingSystem.IsLinux() ? length : ids.Length * length);
        await _spool.Spool.DeleteAsync(ids[2]);
        await _spool.Spool.DeleteAsync(ids[3]);
        Directory.Sweep(DateTimeOffset.MinValue);
        Assert.Equal(0, Directory.Bytes);
    }

    [Fact]
    public async Task One_that_is_set_aside_is_counted_until_it_is_cleared_and_leaves_the_others()
    {
        Guid[] ids = Write(count: 2);

        await _spool.Spool.SetAsideAsync(ids[0], At);
        await _spool.Spool.DeleteAsync(ids[1]);
        Directory.Sweep(damagedBefore: At);
        Assert.Equal([$"{ids[0]}.json.damaged"], Files());
        Assert.True(Directory.Bytes > 0);
        Assert.Equal(1, Directory.DamagedFiles);

        Directory.Sweep(damagedBefore: At.AddSeconds(1));
        Assert.Empty(Files());
        Assert.Equal(0, Directory.Bytes);
    }

    [Fact]
    public async Task One_that_grows_goes_on_in_a_file_of_its_own_and_those_who_follow_it_do_not_notice()
    {
        byte[] all = [.. Enumerable.Range(0, 3 * _spool.Options.SharedBytesMax).Select(i => (byte)i)];
        await using SpoolWriter upload = _spool.Create();
        await using SpoolReader reader = upload.Follow();
        byte[] read = new byte[all.Length];
        int length = 0;
        foreach (byte[] piece in all.Chunk(_spool.Options.SharedBytesMax / 4))
        {
            await upload.AppendAsync(piece);
            length += await reader.ReadAsync(read.AsMemory(length), length, Token);
            Assert.Equal(all[..length], read[..length]);
            Assert.Equal(length > _spool.Options.SharedBytesMax, File.Exists(Directory.DataPath(upload.Id)));
        }

        await upload.SealAsync();

        Assert.Equal([$"{upload.Id}.data", $"{upload.Id}.json"], Files());
        Assert.Equal(all.Length, Directory.Bytes);
        await using SpoolReader opened = await _spool.Spool.OpenAsync(upload.Id, Token);
        await opened.VerifyAsync(0, all.Length, Token);
    }

    /// <summary>It would hold the room of the others long after they are gone.</summary>
    [Fact]
    public async Task One_that_will_be_kept_has_files_of_its_own()
    {
        await using SpoolWriter upload = _spool.Create();
        await upload.AppendAsync(Bytes);

        await upload.SealAsync(manifest => manifest with { KeepUpload = TimeSpan.FromDays(7) });

        Assert.Equal([$"{upload.Id}.data", $"{upload.Id}.json"], Files());
        Assert.Equal(Bytes.Length, Directory.Bytes);
    }

    [Fact]
    public async Task Of_a_newer_form_is_left_alone()
    {
        Guid[] ids = Write(count: 2);
        SpoolFolder.MakeNewer(Directory.ManifestPath(ids[1]));

        await Assert.ThrowsAsync<SpoolNewerException>(() => _spool.Spool.OpenAsync(ids[1], Token).AsTask());
        Directory.Sweep(DateTimeOffset.MaxValue);

        Assert.True(File.Exists(Directory.ManifestPath(ids[1])));
    }

    [Fact]
    public async Task Under_the_name_of_another_upload_is_damaged()
    {
        Guid[] ids = Write(count: 2);
        var stranger = Guid.CreateVersion7();
        File.Copy(Directory.ManifestPath(ids[0]), Directory.ManifestPath(stranger));

        await Assert.ThrowsAsync<SpoolDamagedException>(() => _spool.Spool.OpenAsync(stranger, Token).AsTask());
    }

    [Fact]
    public void Garbled_anywhere_is_damaged_and_nothing_else()
    {
        Guid[] ids = Write(count: 3);
        byte[] whole = File.ReadAllBytes(Directory.ManifestPath(ids[0]));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[1, byte.MaxValue]).Sample(
            (at, bits) =>
            {
                byte[] garbled = [.. whole];
                garbled[at] ^= (byte)bits;
                Assert.Throws<SpoolDamagedException>(() => ManifestDocument.Read(garbled, ids[1], "shared"));
                Assert.Throws<SpoolDamagedException>(() => ManifestDocument.Read(whole.AsSpan(0, at), ids[1], "cut"));
            },
            iter: 500,
            threads: 1);
    }

    public void Dispose() => _spool.Dispose();

    private static byte[] BytesOf(int index) => [.. Bytes, (byte)('0' + index), (byte)'\n'];

    private static async Task<byte[]> ReadAsync(SpoolReader upload)
    {
        byte[] bytes = new byte[upload.Length];
        int length = 0;
        while (length < bytes.Length)
        {
            length += await upload.ReadAsync(bytes.AsMemory(length), length, Token);
        }

        return bytes;
    }

    private Guid[] Write(int count, SharedFile? shared = null)
    {
        StoredUpload[] uploads = [.. Enumerable.Range(0, count).Select(index =>
        {
            byte[] bytes = BytesOf(index);
            BlockChecksums checksums = new();
            checksums.Append(bytes);
            var id = Guid.CreateVersion7(At.AddSeconds(index));
            return new StoredUpload(SpoolWriting.ManifestOf(id, bytes.Length, checksums.Finish()), bytes);
        })];
        (shared ?? new SharedFile(Directory)).Write(uploads);
        return [.. uploads.Select(upload => upload.Manifest.UploadId)];
    }

    private string[] Files() => SpoolFolder.UploadsIn(_spool.Path);
}
