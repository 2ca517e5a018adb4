using System.Collections.Concurrent;
using CsCheck;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Write;

public sealed class SessionBudgetTests
{
    private static readonly string[] Tables = ["a", "b", "c", "d", "e", "f"];

    private readonly FakeTimeProvider _time = new();
    private readonly SessionBudget _budget;

    public SessionBudgetTests() => _budget = Make(sessions: 8, perJob: 3, receiving: 4);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(100, 3)]
    public void Gives_what_a_job_can_use_up_to_the_limit_of_a_job(int wanted, int given)
    {
        using SessionReservation? reservation = _budget.TryReserve(Of("a"), wanted, isReceiving: false);

        Assert.Equal(given, reservation!.Count);
        Assert.Equal(given, _budget.Used);
    }

    /// <summary>A quarter is kept for tables that have none, one for each.</summary>
    [Theory]
    [InlineData(8, new[] { 3, 3, 0 }, new[] { 1, 1, 0 })]
    [InlineData(5, new[] { 3, 0 }, new[] { 1, 1, 0 })]
    [InlineData(4, new[] { 3, 0 }, new[] { 1, 0 })]
    [InlineData(2, new[] { 1, 0 }, new[] { 1, 0 })]
    [InlineData(1, new[] { 1, 0 }, new[] { 0 })]
    public void No_table_takes_what_is_kept_for_others(int sessions, int[] toOne, int[] toOthers)
    {
        SessionBudget budget = Make(sessions, perJob: Math.Min(3, sessions), receiving: sessions);

        Assert.Equal(toOne, toOne.Select(_ => budget.TryReserve(Of("a"), 3, isReceiving: false)?.Count ?? 0));
        Assert.Equal(toOthers, toOthers.Select((_, i) => budget.TryReserve(Of($"other {i}"), 3, isReceiving: false)?.Count ?? 0));
        Assert.Contains("a", budget.Closed());
    }

    /// <summary>Big jobs, not many, starve small ones: the last of what is kept is for these.</summary>
    [Theory]
    [InlineData(8, 1, new[] { 3, 3, 1, 0 })]
    [InlineData(8, 0, new[] { 3, 3, 1, 1, 0 })]
    [InlineData(8, 2, new[] { 3, 3, 1, 0 })]
    [InlineData(4, 1, new[] { 3, 1, 0 })]
    public void Keeps_a_session_for_small_jobs(int sessions, int small, int[] toBig)
    {
        SessionBudget budget = Make(sessions, perJob: 3, receiving: sessions, small);

        Assert.Equal(toBig, toBig.Select((_, i) => budget.TryReserve(Of($"{i}"), 3, isReceiving: false)?.Count ?? 0));

        Assert.Equal(sessions - toBig.Sum() == 1, budget.TakesSmallOnly && budget.HasFree);
        Assert.Equal(sessions > toBig.Sum(), budget.TryReserve(Of("small") with { IsSmall = true }, 1, isReceiving: false) is not null);
    }

    /// <summary>However many tables one party has.</summary>
    [Fact]
    public void No_party_takes_what_is_kept_for_others()
    {
        int[] given = [.. Enumerable.Range(0, 10).Select(i =>
            _budget.TryReserve(Of($"{i}") with { Party = "a" }, 1, isReceiving: false)?.Count ?? 0)];

        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], given);
        Assert.NotNull(_budget.TryReserve(Of("b"), 1, isReceiving: false));
    }

    [Fact]
    public void Who_comes_takes_nobodys_turn()
    {
        using SessionReservation first = _budget.TryReserve(Of("a"), 1, isReceiving: false)!;
        _budget.Await("b");
        _budget.Await("a");

        Assert.Null(_budget.TryReserve(Of("a"), 1, isReceiving: false));
        Assert.False(_budget.MayReserve(Of("c"))); // it has had none either, and comes later
        Assert.Equal(["b", "a"], _budget.Next(8));
        using SessionReservation? turn = _budget.TryReserve(Of("b"), 1, isReceiving: false);
        Assert.NotNull(turn);
        _budget.NoLongerAwait("b");

        Assert.Equal(["a"], _budget.Next(8));
        Assert.True(_budget.MayReserve(Of("a")));
        Assert.True(_budget.MayReserve(Of("c")));
    }

    [Fact]
    public void A_party_has_no_more_than_was_said()
    {
        SessionWish wish = Of("a") with { Party = "bounded" };
        _budget.Await("bounded");
        Assert.Equal(2, _budget.TryReserve(wish, 3, isReceiving: false)!.Count);

        Assert.Null(_budget.TryReserve(wish with { Table = "b" }, 1, isReceiving: false));
        Assert.Empty(_budget.Next(8));
        Assert.NotNull(_budget.TryReserve(Of("c"), 1, isReceiving: false)); // that it waits is nobody's wait
    }

    [Fact]
    public void Uploads_that_still_arrive_have_a_smaller_budget()
    {
        SessionReservation first = _budget.TryReserve(Of("a"), 3, isReceiving: true)!;
        using SessionReservation second = _budget.TryReserve(Of("b"), 3, isReceiving: true)!;
        Assert.Equal((3, 1), (first.Count, second.Count));
        Assert.Null(_budget.TryReserve(Of("c"), 1, isReceiving: true));

        first.NoLongerReceiving();

        Assert.Equal(4, _budget.Used);
        Assert.Equal(2, _budget.TryReserve(Of("c"), 3, isReceiving: true)!.Count);
        first.Dispose();
        Assert.Equal(1, _budget.TryReserve(Of("d"), 3, isReceiving: true)!.Count);
        Assert.Null(_budget.TryReserve(Of("e"), 1, isReceiving: true));
    }

    [Fact]
    public void Sessions_that_are_given_back_are_told_of_and_can_be_taken_again()
    {
        int told = 0;
        _budget.Freed += () => told++;
        SessionReservation reservation = _budget.TryReserve(Of("a"), 3, isReceiving: true)!;

        reservation.ShrinkTo(3);
        Assert.Equal(0, told);
        reservation.ShrinkTo(1);
        Assert.Equal((1, 1, 1), (told, reservation.Count, _budget.Used));
        reservation.Dispose();
        reservation.Dispose();

        Assert.Equal((2, 0), (told, _budget.Used));
        Assert.True(reservation.TryTakeAgain());
        Assert.Equal((3, 3), (reservation.Count, _budget.Used));
    }

    /// <summary>As with a table that somebody has locked: one job looks after it, the others let it rest.</summary>
    [Fact]
    public void A_table_that_could_not_be_written_to_rests_and_is_tried_by_one_session_until_a_chunk_lands()
    {
        SessionReservation job = _budget.TryReserve(Of("a"), 3, isReceiving: false)!;
        TimeSpan rest = job.LetTableRest();
        job.Dispose();
        Assert.Equal(1, _budget.Resting);
        Assert.Equal(["a"], _budget.Closed());
        Assert.Null(_budget.TryReserve(Of("a"), 3, isReceiving: false));
        Assert.Equal(3, _budget.TryReserve(Of("b"), 3, isReceiving: false)!.Count);

        _time.Advance(rest);
        Assert.Empty(_budget.Closed());
        SessionReservation trying = _budget.TryReserve(Of("a"), 3, isReceiving: false)!;
        Assert.Equal(1, trying.Count);
        Assert.Equal(["a"], _budget.Closed());
        Assert.Null(_budget.TryReserve(Of("a"), 3, isReceiving: false));

        int told = 0;
        _budget.Freed += () => told++;
        trying.WakeTable();
        Assert.Equal((1, 0), (told, _budget.Resting));
        Assert.Equal(2, _budget.TryReserve(Of("a"), 3, isReceiving: false)!.Count);
    }

    [Fact]
    public void A_table_rests_longer_each_time_up_to_ten_seconds_and_once_for_all_jobs_that_fail_together()
    {
        List<TimeSpan> rests = [];
        for (int i = 0; i < 12; i++)
        {
            using SessionReservation trying = _budget.TryReserve(Of("a"), 3, isReceiving: false)!;
            TimeSpan rest = trying.LetTableRest();
            Assert.Equal(rest, trying.LetTableRest());
            rests.Add(rest);
            _time.Advance(rest);
        }

        Assert.All(rests.Index(), rest =>
        {
            double most = Math.Min(10, 0.1 * Math.Pow(2, rest.Index));
            Assert.InRange(rest.Item.TotalSeconds, most / 2, most);
        });
        _time.Advance(TimeSpan.FromMinutes(11));
        _budget.Closed();
        Assert.Equal(0, _budget.Resting);
    }

    /// <summary>However many tables cannot be written to, those that can find a session.</summary>
    [Fact]
    public void Tables_that_are_tried_leave_sessions_to_those_that_have_none()
    {
        string[] ill = [.. Enumerable.Range(0, 20).Select(i => $"ill {i}")];
        foreach (string table in ill)
        {
            using SessionReservation failed = _budget.TryReserve(Of(table), 1, isReceiving: false)!;
            failed.LetTableRest();
        }

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(7, ill.Count(table => _budget.TryReserve(Of(table), 1, isReceiving: false) is not null));
        Assert.NotNull(_budget.TryReserve(Of("well"), 1, isReceiving: false));
    }

    /// <summary>Whatever is reserved, kept for a while, shrunk and given back at the same time, the limits hold and nothing leaks.</summary>
    [Fact]
    public void Adds_up_however_the_threads_meet() =>
        Gen.Select(Gen.Int[0, Tables.Length - 1], Gen.Int[1, 4], Gen.Bool, Gen.Int[0, 3]).Array[1, 40].Sample(
            jobs =>
            {
                ConcurrentBag<SessionReservation> kept = [];
                Parallel.ForEach(jobs, job =>
                {
                    (int table, int wanted, bool isReceiving, int keep) = job;
                    SessionReservation? reservation = _budget.TryReserve(Of(Tables[table]), wanted, isReceiving);
                    Assert.InRange(_budget.Used, 0, 8);
                    if (reservation is not null)
                    {
                        kept.Add(reservation);
                        Parallel.Invoke(() => reservation.ShrinkTo(keep), reservation.NoLongerReceiving, reservation.WakeTable);
                    }
                    else if (kept.TryTake(out SessionReservation? earlier))
                    {
                        earlier.Dispose();
                    }
                });

                Assert.Equal(kept.Sum(reservation => reservation.Count), _budget.Used);
                Assert.All(kept, reservation => reservation.Dispose());
                AssertAllIsFree();
            },
            iter: 300,
            threads: 1);

    [Fact]
    public void An_upload_that_ends_while_its_job_gives_sessions_back_leaves_none_behind()
    {
        SessionReservation reservation = null!;

        ThreadRace.Run(
            rounds: 20_000,
            prepare: () => reservation = _budget.TryReserve(Of("a"), 3, isReceiving: true)!,
            one: () => reservation.ShrinkTo(1),
            other: () => reservation.NoLongerReceiving(),
            check: () =>
            {
                reservation.Dispose();
                AssertAllIsFree();
            });
    }

    private void AssertAllIsFree()
    {
        Assert.Equal((0, 0), (_budget.Used, _budget.Closed().Count));
        using SessionReservation? first = _budget.TryReserve(Of("x"), 3, isReceiving: true);
        using SessionReservation? second = _budget.TryReserve(Of("y"), 3, isReceiving: true);
        using SessionReservation? third = _budget.TryReserve(Of("z"), 3, isReceiving: false);
        Assert.Equal((3, 1, 2), (first?.Count, second?.Count, third?.Count));

        // What is left is for tables that have none.
        Assert.All(Tables, table =>
        {
            using SessionReservation? reservation = _budget.TryReserve(Of(table), 1, isReceiving: false);
            Assert.NotNull(reservation);
        });
    }

    private SessionBudget Make(int sessions, int perJob, int receiving, int small = 0) => new(
        Options.Create(new WriteOptions
        {
            SessionsMax = sessions,
            SessionsPerJobMax = perJob,
            SessionsReceivingMax = receiving,
            SessionsSmall = small,
        }),
        _time,
        party => party == "bounded" ? new Share(1, Max: 2) : Share.Usual);

    /// <summary>A large job of a table whose party has no other.</summary>
    private static SessionWish Of(string table) => new(table, table, IsSmall: false);
}
