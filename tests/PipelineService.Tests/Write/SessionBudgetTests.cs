using CsCheck;
using Microsoft.Extensions.Options;
using PipelineService.Write;

namespace PipelineService.Tests.Write;

public sealed class SessionBudgetTests
{
    private readonly SessionBudget _budget = new(Options.Create(
        new WriteOptions { SessionsMax = 8, SessionsPerJobMax = 3, SessionsReceivingMax = 4 }));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(100, 3)]
    public void Gives_what_a_job_can_use_up_to_the_limit_of_a_job(int wanted, int given)
    {
        using SessionReservation? reservation = _budget.TryReserve(wanted, isReceiving: false);

        Assert.Equal(given, reservation!.Count);
        Assert.Equal(given, _budget.Used);
    }

    [Fact]
    public void Gives_the_last_sessions_and_then_none()
    {
        int?[] given = [.. Enumerable.Range(0, 4).Select(_ => _budget.TryReserve(3, isReceiving: false)?.Count)];

        Assert.Equal([3, 3, 2, null], given);
    }

    [Fact]
    public void Uploads_that_still_arrive_have_a_smaller_budget()
    {
        SessionReservation first = _budget.TryReserve(3, isReceiving: true)!;
        using SessionReservation second = _budget.TryReserve(3, isReceiving: true)!;
        Assert.Equal((3, 1), (first.Count, second.Count));
        Assert.Null(_budget.TryReserve(1, isReceiving: true));

        first.NoLongerReceiving();

        Assert.Equal(4, _budget.Used);
        Assert.Equal(3, _budget.TryReserve(3, isReceiving: true)!.Count);
        first.Dispose();
        Assert.Null(_budget.TryReserve(1, isReceiving: true));
    }

    [Fact]
    public void Sessions_that_are_returned_unused_are_not_told_of()
    {
        int told = 0;
        _budget.Freed += () => told++;

        _budget.TryReserve(3, isReceiving: false)!.ReturnUnused();

        Assert.Equal((0, 0), (told, _budget.Used));
    }

    [Fact]
    public void Sessions_that_are_given_back_are_told_of()
    {
        int told = 0;
        _budget.Freed += () => told++;
        SessionReservation reservation = _budget.TryReserve(3, isReceiving: true)!;

        reservation.ShrinkTo(3);
        Assert.Equal(0, told);
        reservation.ShrinkTo(1);
        Assert.Equal((1, 1, 1), (told, reservation.Count, _budget.Used));
        reservation.Dispose();
        reservation.Dispose();

        Assert.Equal((2, 0), (told, _budget.Used));
        Assert.Equal(3, _budget.TryReserve(3, isReceiving: true)!.Count);
    }

    /// <summary>Whatever is reserved, shrunk and given back at the same time, the limits hold and nothing leaks.</summary>
    [Fact]
    public void Adds_up_however_the_threads_meet() =>
        Gen.Select(Gen.Int[1, 4], Gen.Bool, Gen.Int[0, 3]).Array[1, 40].Sample(
            jobs =>
            {
                Parallel.ForEach(jobs, job =>
                {
                    (int wanted, bool isReceiving, int keep) = job;
                    using SessionReservation? reservation = _budget.TryReserve(wanted, isReceiving);
                    Assert.InRange(_budget.Used, 0, 8);
                    if (reservation is not null)
                    {
                        Parallel.Invoke(() => reservation.ShrinkTo(keep), reservation.NoLongerReceiving);
                    }
                });

                Assert.Equal(0, _budget.Used);
                using SessionReservation all = _budget.TryReserve(3, isReceiving: true)!;
                using SessionReservation rest = _budget.TryReserve(3, isReceiving: true)!;
                Assert.Equal((3, 1), (all.Count, rest.Count));
            },
            iter: 300,
            threads: 1);
}
