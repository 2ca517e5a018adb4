using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Local;

public sealed class SpoolCleanerTests : IDisposable
{
    private readonly SpoolFolder _spool = new(options => options.SharedBytesMax = 0);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Removes_damaged_uploads_when_their_time_is_over_and_not_before()
    {
        _spool.Options.DamagedRetention = TimeSpan.FromDays(2);
        Guid early = await SetAsideAsync();
        _time.Advance(TimeSpan.FromDays(1));
        Guid late = await SetAsideAsync();
        using SpoolCleaner cleaner = Cleaner();
        await cleaner.StartAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromDays(1));
        await WhenGoneAsync(early);
        Assert.Equal(2, FilesOf(late).Count());
        await WhenAsync("only the other one to be counted", () => _spool.Directory.Bytes == 10);

        _time.Advance(TimeSpan.FromDays(1));
        await WhenGoneAsync(late);
        await WhenAsync("nothing to be counted", () => _spool.Directory.Bytes == 0);
        await cleaner.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Clears_what_an_instance_that_died_has_left()
    {
        using SpoolCleaner cleaner = Cleaner();
        await cleaner.StartAsync(TestContext.Current.CancellationToken);
        Guid orphan = Guid.CreateVersion7(), probe = Guid.CreateVersion7();
        await using SpoolWriter living = _spool.SpoolOf(_spool.Open()).Create(Guid.CreateVersion7());
        await using SpoolWriter waiting = await _spool.SealedAsync(new byte[10]);
        await living.AppendAsync(new byte[5]);
        await File.WriteAllTextAsync(_spool.Directory.DataPath(orphan), "half", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_spool.Directory.ManifestPath(orphan) + ".new", "half", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_spool.Path, $"{probe}.probe"), "", TestContext.Current.CancellationToken);

        await WhenGoneAsync(orphan);
        await WhenGoneAsync(probe);
        Assert.Single(FilesOf(living.Id));
        Assert.Equal(2, FilesOf(waiting.Id).Count());
        await WhenAsync("what is left to be counted", () => _spool.Directory.Bytes == 15);
        await cleaner.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Goes_on_after_a_time_without_its_directory()
    {
        using SpoolCleaner cleaner = Cleaner();
        await cleaner.StartAsync(TestContext.Current.CancellationToken);
        var orphan = Guid.CreateVersion7();
        await File.WriteAllTextAsync(_spool.Directory.DataPath(orphan), "half", TestContext.Current.CancellationToken);
        Directory.Move(_spool.Path, _spool.Path + ".away");
        await WhenAsync("it to be missed", () => !_spool.Directory.WasThere);

        Directory.Move(_spool.Path + ".away", _spool.Path);
        await WhenGoneAsync(orphan);
        await cleaner.StopAsync(TestContext.Current.CancellationToken);
    }

    public void Dispose() => _spool.Dispose();

    private SpoolCleaner Cleaner() => new(
        _spool.Directory, Microsoft.Extensions.Options.Options.Create(_spool.Options), _time, NullLogger<SpoolCleaner>.Instance);

    private async Task<Guid> SetAsideAsync()
    {
        await using SpoolWriter upload = await _spool.SealedAsync(new byte[10]);
        await _spool.Spool.SetAsideAsync(upload.Id, _time.GetUtcNow());
        return upload.Id;
    }

    private IEnumerable<string> FilesOf(Guid id) => Directory.EnumerateFiles(_spool.Path, $"{id}*");

    /// <summary>The cleaner sets its timer in the background, so the clock goes on until it is met.</summary>
    private Task WhenAsync(string what, Func<bool> condition) => BoundedWait.UntilAsync(what, () =>
    {
        _time.Advance(SpoolCleaner.Interval);
        return condition();
    });

    private Task WhenGoneAsync(Guid id) => WhenAsync($"the files of {id} to go", () => !FilesOf(id).Any());
}
