using Microsoft.Extensions.Time.Testing;
using PipelineService.Spool.Conversion;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Who waits for a conversion comes before those who come later, whenever it asks.</summary>
public sealed class ConversionTurnsTests
{
    private static readonly Guid First = Guid.CreateVersion7(), Second = Guid.CreateVersion7();
    private static readonly Guid Third = Guid.CreateVersion7(), Fourth = Guid.CreateVersion7();

    private readonly FakeTimeProvider _time = new();
    private readonly ConversionTurns _turns;

    public ConversionTurnsTests() => _turns = new ConversionTurns(runningMax: 2, _time);

    [Fact]
    public void Who_has_waited_longest_is_next()
    {
        Assert.True(_turns.TryEnter(First));
        Assert.True(_turns.TryEnter(Second));
        Assert.False(_turns.TryEnter(Third));

        _turns.Leave();
        Assert.False(_turns.TryEnter(Fourth)); // it would always find a place that has just become free
        Assert.True(_turns.TryEnter(Third));
        _turns.Leave();
        Assert.True(_turns.TryEnter(Fourth));
    }

    [Fact]
    public void Several_places_are_for_as_many_who_wait()
    {
        Assert.True(_turns.TryEnter(First));
        Assert.True(_turns.TryEnter(Second));
        Assert.False(_turns.TryEnter(Third));
        Assert.False(_turns.TryEnter(Fourth));

        _turns.Leave();
        _turns.Leave();
        Assert.False(_turns.TryEnter(First));
        Assert.True(_turns.TryEnter(Fourth));
        Assert.True(_turns.TryEnter(Third));
        Assert.False(_turns.TryEnter(First));
    }

    [Fact]
    public void Who_asks_no_more_keeps_nobody_waiting()
    {
        Assert.True(_turns.TryEnter(First));
        Assert.True(_turns.TryEnter(Second));
        Assert.False(_turns.TryEnter(Third));
        _turns.Leave();
        _time.Advance(ConversionTurns.SilenceMax);
        Assert.False(_turns.TryEnter(Fourth));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(_turns.TryEnter(Fourth));
    }

    [Fact]
    public void Who_asks_again_keeps_its_place()
    {
        Assert.True(_turns.TryEnter(First));
        Assert.True(_turns.TryEnter(Second));
        Assert.False(_turns.TryEnter(Third));
        Assert.False(_turns.TryEnter(Fourth));
        _time.Advance(ConversionTurns.SilenceMax);
        Assert.False(_turns.TryEnter(Third));
        _time.Advance(ConversionTurns.SilenceMax);
        _turns.Leave();
        Assert.False(_turns.TryEnter(Fourth));
        _turns.GiveUp(Third);
        Assert.True(_turns.TryEnter(Fourth));
    }
}
