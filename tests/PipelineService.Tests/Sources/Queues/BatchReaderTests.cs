using Microsoft.Extensions.Time.Testing;
using PipelineService.Sources;
using PipelineService.Sources.Queues;

namespace PipelineService.Tests.Sources.Queues;

/// <summary>Messages are put together in their order, each once, up to the bounds of a batch.</summary>
public sealed class BatchReaderTests
{
    private readonly MessageBatch _batch = new();

    [Theory]
    [InlineData(100, 1_000_000, int.MaxValue, "1-100,101-200,201-250")]
    [InlineData(100, 1_000_000, 7, "1-100,101-200,201-250")]
    [InlineData(1_000, 90, int.MaxValue, "1-30,31-60,61-90,91-120,121-150,151-180,181-210,211-240,241-250")]
    [InlineData(1, 1_000_000, int.MaxValue, "1,2,3")]
    public async Task Batches_follow_each_other(int messages, int bytes, int pulled, string batches)
    {
        await using FakeLog log = new() { PullMax = pulled };
        foreach (int number in Enumerable.Range(1, messages == 1 ? 3 : 250))
        {
            log.Add(number, "{}");
        }

        BatchReader reader = new(log, after: null, TimeProvider.System);
        List<string> names = [];
        while (await FillAsync(reader, messages, bytes))
        {
            names.Add(_batch.Name);
        }

        Assert.Equal(batches, string.Join(',', names));
        Assert.Equal((0, messages == 1 ? 3 : 250), (reader.Ahead, reader.LastRead));
    }

    /// <summary>Whoever waits for nothing has what was sent so far, or all that is known to be there.</summary>
    [Theory]
    [InlineData(0, "1-14,15-28,29-40")]
    [InlineData(25, "1-35,36-40")]
    [InlineData(40, "1-40")]
    public async Task What_is_known_to_be_there_is_waited_for(int known, string batches)
    {
        await using FakeLog log = new() { PullMax = 7 };
        foreach (int number in Enumerable.Range(1, 40))
        {
            log.Add(number, "{}");
        }

        BatchReader reader = new(log, after: null, new FakeTimeProvider()) { Known = known };
        List<string> names = [];
        while (await FillAsync(reader, 40, 1_000, TimeSpan.Zero))
        {
            names.Add(_batch.Name);
        }

        Assert.Equal(batches, string.Join(',', names));
    }

    [Fact]
    public async Task What_was_taken_or_comes_twice_is_passed_over()
    {
        await using FakeLog log = new();
        foreach (int number in (int[])[3, 4, 5, 5, 4, 6, 9])
        {
            log.Add(number, $"{{\"n\":{number}}}");
        }

        await FillAsync(new BatchReader(log, after: 4, TimeProvider.System), 100, 1_000);

        using StreamReader lines = new(_batch.OpenLines());
        Assert.Equal("{\"n\":5}\n{\"n\":6}\n{\"n\":9}\n", await lines.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal("5-9", _batch.Name);
    }

    [Fact]
    public async Task Nothing_comes_of_nothing()
    {
        await using FakeLog log = new();
        BatchReader reader = new(log, after: null, TimeProvider.System);

        Assert.False(await FillAsync(reader, 100, 1_000));

        Assert.Null(reader.LastRead);
        log.Fault = new SourceFaultException("gone");
        await Assert.ThrowsAsync<SourceFaultException>(() => FillAsync(reader, 100, 1_000));
    }

    private async Task<bool> FillAsync(BatchReader reader, int messages, int bytes, TimeSpan? wait = null)
    {
        _batch.Clear();
        await reader.FillAsync(
            _batch, messages, bytes, TimeSpan.FromSeconds(1), wait ?? TimeSpan.FromMilliseconds(30), TestContext.Current.CancellationToken);
        return _batch.Count > 0;
    }
}
