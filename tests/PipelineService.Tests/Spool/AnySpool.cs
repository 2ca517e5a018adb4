using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

/// <summary>What every spool promises, whatever keeps its bytes.</summary>
public abstract class AnySpool : IDisposable
{
    private const int QuotaBytes = 1 << 20;

    private static readonly byte[] Bytes = "a,b\n1,2\n"u8.ToArray();
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lazy<ISpool> _spool;

    protected AnySpool() => _spool = new(() => Open(QuotaBytes));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ISpool Spool => _spool.Value;

    [Fact]
    public async Task Holds_nothing_of_an_upload_for_others_until_it_is_sealed()
    {
        await using SpoolWriter upload = Spool.Create(Guid.CreateVersion7());
        await upload.AppendAsync(Bytes);
        Assert.False(upload.Growth.IsSealed);
        Assert.Null(await Spool.FindAsync(upload.Id, Token));
        Assert.Empty(await Spool.ListAsync(Token).ToArrayAsync(Token));
        await Assert.ThrowsAsync<SpoolDamagedException>(() => Spool.OpenAsync(upload.Id, Token).AsTask());

        await upload.SealAsync();

        Assert.True(upload.Growth.IsSealed);
        Assert.Equivalent(upload.Growth.Manifest, await Spool.FindAsync(upload.Id, Token), strict: true);
        Assert.Equal([upload.Id], await Spool.ListAsync(Token).ToArrayAsync(Token));
        Assert.True(await Spool.HoldsAsync(upload.Id, Token));
    }

    [Fact]
    public async Task Is_not_given_a_manifest_of_another_length()
    {
        await using SpoolWriter upload = Spool.Create(Guid.CreateVersion7());
        await upload.AppendAsync(Bytes);

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => upload.SealAsync(SpoolWriting.ManifestOf(upload.Id, Bytes.Length + 1)));

        Assert.False(upload.Growth.IsSealed);
    }

    [Fact]
    public async Task Lets_an_upload_go_that_was_abandoned_when_the_last_user_does()
    {
        SpoolWriter upload = Spool.Create(Guid.CreateVersion7());
        await upload.AppendAsync(Bytes);
        SpoolReader reader = upload.Follow();

        upload.Abandon();
        await upload.DisposeAsync();
        Assert.Throws<UploadAbandonedException>(reader.ThrowIfAbandoned);
        Assert.False(Spool.HasRoomFor(QuotaBytes), "The reader still holds it.");
        await reader.DisposeAsync();

        Assert.False(await Spool.HoldsAsync(upload.Id, Token));
        Assert.True(Spool.HasRoomFor(QuotaBytes));
    }

    [Fact]
    public async Task Opens_an_upload_while_its_receiver_still_holds_it()
    {
        await using SpoolWriter received = await Spool.SealedAsync(Bytes);

        await using SpoolReader opened = await Spool.OpenAsync(received.Id, Token);

        byte[] read = new byte[100];
        Assert.Equal((true, true, false), (opened.WasStored, opened.IsSealed, received.Follow().WasStored));
        Assert.Equal(Bytes, read[..await opened.ReadAsync(read, 0, Token)]);
        await opened.VerifyAsync(0, Bytes.Length, Token);
    }

    [Fact]
    public async Task Gives_what_is_there_to_a_reader_that_follows_and_lets_it_wait_for_more()
    {
        await using SpoolWriter upload = Spool.Create(Guid.CreateVersion7());
        await using SpoolReader reader = upload.Follow();
        byte[] read = new byte[100];
        Assert.Equal(0, await reader.ReadAsync(read, 0, Token));
        Task<bool> waiting = reader.WaitForBytesAsync(0, Token).AsTask();
        Assert.False(waiting.IsCompleted);

        await upload.AppendAsync(Bytes);

        Assert.True(await waiting);
        Assert.Equal(Bytes.Length - 2, await reader.ReadAsync(read, 2, Token));
        Task<bool> end = reader.WaitForBytesAsync(Bytes.Length, Token).AsTask();
        await upload.SealAsync();
        Assert.False(await end);
    }

    [Fact]
    public async Task Keeps_nothing_of_an_upload_whose_job_has_failed_and_counts_what_comes()
    {
        await using SpoolWriter upload = Spool.Create(Guid.CreateVersion7());
        await upload.AppendAsync(Bytes);
        upload.Growth.Fail(new() { Code = "reject_limit_reached", Title = "Too many.", Status = 422, Detail = "11 of 10." });

        await upload.AppendAsync(Bytes);
        SpooledBytes all = upload.Finish();
        await upload.SealAsync(SpoolWriting.ManifestOf(upload.Id, all.Kept, all.Blocks) with { Failure = all.Failure });

        Assert.Equal((2 * Bytes.Length, 0, 0), (all.Received, all.Kept, all.Blocks.Count));
        Assert.Equal("reject_limit_reached", (await Spool.FindAsync(upload.Id, Token))?.Failure?.Code);
        Assert.True(Spool.HasRoomFor(QuotaBytes));
    }

    [Fact]
    public async Task Refuses_bytes_beyond_its_quota_and_counts_those_it_holds()
    {
        await using (SpoolWriter upload = Spool.Create(Guid.CreateVersion7()))
        {
            await upload.AppendAsync(new byte[QuotaBytes - 2]);
            Assert.True(Spool.HasRoomFor(2));
            Assert.False(Spool.HasRoomFor(3));

            await Assert.ThrowsAsync<SpoolFullException>(() => upload.AppendAsync(Bytes).AsTask());

            Assert.True(Spool.HasRoomFor(2));
        }

        Assert.True(Spool.HasRoomFor(QuotaBytes));
    }

    [Fact]
    public async Task Lists_uploads_in_the_order_in_which_they_came_until_they_are_deleted()
    {
        List<Guid> ids = [];
        for (int i = 0; i < 5; i++)
        {
            await using SpoolWriter upload = await Spool.SealedAsync(new byte[10]);
            ids.Add(upload.Id);
        }

        Assert.Equal(ids.Order(), await Spool.ListAsync(Token).ToArrayAsync(Token));
        await Spool.DeleteAsync(ids[0]);
        await Spool.DeleteAsync(ids[0]);

        Assert.Equal(ids[1..].Order(), await Spool.ListAsync(Token).ToArrayAsync(Token));
        Assert.False(await Spool.HoldsAsync(ids[0], Token));
        Assert.True(Spool.HasRoomFor(QuotaBytes - 40));
    }

    [Fact]
    public async Task Knows_an_upload_by_its_key_as_long_as_it_is_there()
    {
        await using SpoolWriter upload = await Spool.SealedAsync(Bytes);

        Assert.Equal(upload.Id, (await Spool.FindByKeyAsync("trips", "key-1", Token))?.UploadId);
        Assert.Null(await Spool.FindByKeyAsync("stops", "key-1", Token));
        Assert.Null(await Spool.FindByKeyAsync("trips", "key-2", Token));
        await Spool.DeleteAsync(upload.Id);
        Assert.Null(await Spool.FindByKeyAsync("trips", "key-1", Token));
    }

    [Fact]
    public async Task Keeps_an_upload_out_of_the_queue_and_counts_it_until_it_is_deleted()
    {
        await using SpoolWriter upload = await Spool.SealedAsync(Bytes);

        await Spool.KeepAsync(upload.Id);
        await Spool.KeepAsync(upload.Id);

        Assert.Empty(await Spool.ListAsync(Token).ToArrayAsync(Token));
        Assert.Null(await Spool.FindByKeyAsync("trips", "key-1", Token));
        Assert.Null(await Spool.FindAsync(upload.Id, Token));
        Assert.True(await Spool.HoldsAsync(upload.Id, Token));
        Assert.False(Spool.HasRoomFor(QuotaBytes));
        await using (SpoolReader again = await Spool.OpenAsync(upload.Id, Token))
        {
            Assert.Equal(upload.Id, again.Manifest.UploadId);
            await again.VerifyAsync(0, Bytes.Length, Token);
        }

        await Spool.DeleteAsync(upload.Id);
        await Assert.ThrowsAsync<SpoolDamagedException>(() => Spool.OpenAsync(upload.Id, Token).AsTask());
        Assert.False(await Spool.HoldsAsync(upload.Id, Token));
        Assert.True(Spool.HasRoomFor(QuotaBytes));
    }

    [Fact]
    public async Task Holds_what_was_set_aside_and_shows_it_to_nobody()
    {
        await using SpoolWriter upload = await Spool.SealedAsync(Bytes);

        await Spool.SetAsideAsync(upload.Id, Now);
        await Spool.SetAsideAsync(upload.Id, Now);
        await Spool.DeleteAsync(upload.Id); // as the end of its job does

        Assert.Empty(await Spool.ListAsync(Token).ToArrayAsync(Token));
        Assert.Null(await Spool.FindAsync(upload.Id, Token));
        Assert.True(await Spool.HoldsAsync(upload.Id, Token));
        Assert.False(Spool.HasRoomFor(QuotaBytes));
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract ISpool Open(long quotaBytes);

    protected virtual void Dispose(bool disposing)
    {
    }
}

public class LocalSpoolTests : AnySpool
{
    private SpoolFolder? _folder;

    protected virtual int SharedBytesMax => new SpoolOptions().SharedBytesMax;

    protected override ISpool Open(long quotaBytes) =>
        (_folder = new(options => (options.QuotaBytes, options.SharedBytesMax) = (quotaBytes, SharedBytesMax))).Spool;

    protected override void Dispose(bool disposing)
    {
        _folder?.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Where each upload has files of its own, however small it is.</summary>
public sealed class UnsharedLocalSpoolTests : LocalSpoolTests
{
    protected override int SharedBytesMax => 0;
}

/// <summary>The one that tests use in place of a disk is no easier than a disk.</summary>
public sealed class MemorySpoolTests : AnySpool
{
    protected override ISpool Open(long quotaBytes) => new MemorySpool(quotaBytes);
}
