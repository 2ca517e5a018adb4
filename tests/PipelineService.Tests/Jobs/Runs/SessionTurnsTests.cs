using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Small jobs that are together wait for their turn rather than go to the queue one by one.</summary>
public sealed class SessionTurnsTests
{
    private static readonly SessionWish Many = new("many", "many", IsSmall: true);
    private static readonly SessionWish One = new("one", "one", IsSmall: true);

    private readonly FakeTimeProvider _time = new();
    private readonly SessionBudget _budget;
    private readonly SessionTurns _turns;

    public SessionTurnsTests()
    {
        _budget = new SessionBudget(
            Options.Create(new WriteOptions { SessionsMax = 1, SessionsPerJobMax = 1 }), _time, _ => Share.Usual);
        _turns = new SessionTurns(_budget, _time);
    }

    [Fact]
    public async Task Waits_until_a_session_is_free_and_it_is_its_turn()
    {
        SessionReservation first = _budget.TryReserve(Many, 1, isReceiving: false)!;
        _budget.Await("one");
        Task<SessionReservation?> waiting = _turns.ReserveOneAsync(Many);

        first.Dispose();
        Assert.False(waiting.IsCompleted); // it is the other's turn
        SessionReservation other = _budget.TryReserve(One, 1, isReceiving: false)!;
        _budget.NoLongerAwait("one");
        other.Dispose();

        Assert.NotNull(await waiting.Within("the turn"));
        Assert.Equal(1, _budget.Used);
    }

    [Fact]
    public async Task Takes_its_turn_when_the_other_had_nothing_to_begin()
    {
        _budget.TryReserve(Many, 1, isReceiving: false)!.Dispose();
        _budget.Await("one");
        Task<SessionReservation?> waiting = _turns.ReserveOneAsync(Many);
        Assert.False(waiting.IsCompleted);

        _budget.NoLongerAwait("one");

        Assert.NotNull(await waiting.Within("the turn"));
    }

    [Fact]
    public async Task Gives_up_after_a_second_and_at_once_for_a_table_that_rests()
    {
        using SessionReservation other = _budget.TryReserve(One, 1, isReceiving: false)!;
        Task<SessionReservation?> waiting = _turns.ReserveOneAsync(Many);
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await waiting.Within("the end of its patience"));

        other.LetTableRest();
        Assert.Null(await _turns.ReserveOneAsync(One).Within("the refusal"));
    }
}
