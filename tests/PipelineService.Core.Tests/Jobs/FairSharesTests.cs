using CsCheck;
using PipelineService.Core.Jobs;
using Xunit;

namespace PipelineService.Core.Tests.Jobs;

/// <summary>Whose turn it is, in virtual time.</summary>
public sealed class FairSharesTests
{
    [Fact]
    public void The_turn_is_with_who_holds_least_for_their_weight()
    {
        FairShares shares = new(party => new Share(party == "heavy" ? 3 : 1));
        shares.Wait("heavy");
        shares.Wait("light");

        Assert.Equal("heavy light heavy heavy heavy light heavy heavy", string.Join(' ', Turns(shares, 8)));
        Assert.Equal((6, 2), (shares.HeldBy("heavy"), shares.HeldBy("light")));
    }

    /// <summary>Big jobs hold what they have for long: that counts, and not how seldom they took something.</summary>
    [Fact]
    public void Who_holds_much_comes_after_who_has_had_many_turns_and_holds_nothing()
    {
        FairShares shares = new(_ => Share.Usual);
        shares.Take("big", 3);
        for (int i = 0; i < 3; i++)
        {
            shares.Take("quick", 1);
            shares.GiveBack("quick", 1);
        }

        shares.Wait("big");
        shares.Wait("quick");

        Assert.Equal(["quick", "big"], shares.Next(2));
        Assert.False(shares.MayTake("big"));
    }

    /// <summary>With one session nobody holds any when it becomes free: who had least so far comes next.</summary>
    [Fact]
    public void Weights_count_where_there_is_but_one_to_share()
    {
        FairShares shares = new(party => new Share(party == "heavy" ? 3 : 1));
        shares.Wait("heavy");
        shares.Wait("light");
        List<string> turns = [];
        for (int i = 0; i < 400; i++)
        {
            turns.AddRange(Turns(shares, 1));
            shares.GiveBack(turns[^1], 1);
        }

        Assert.InRange(turns.Count(turn => turn == "heavy"), 298, 302);
    }

    [Fact]
    public void Who_was_away_is_not_paid_for_it()
    {
        FairShares shares = new(_ => Share.Usual);
        shares.Wait("always");
        for (int i = 0; i < 100; i++)
        {
            shares.GiveBack(Turns(shares, 1).Single(), 1);
        }

        shares.Wait("new");
        List<string> turns = [];
        for (int i = 0; i < 6; i++)
        {
            turns.AddRange(Turns(shares, 1));
            shares.GiveBack(turns[^1], 1);
        }

        Assert.Equal("new always new always new always", string.Join(' ', turns));
    }

    [Fact]
    public void Who_has_as_much_as_they_may_is_passed_over()
    {
        FairShares shares = new(party => new Share(1, party == "bounded" ? 1 : null));
        shares.Wait("bounded");
        shares.Take("bounded", 1);
        shares.Take("other", 5);

        Assert.Empty(shares.Next(8));
        Assert.True(shares.MayTake("other"));
        Assert.Equal((0, long.MaxValue), (shares.RoomOf("bounded"), shares.RoomOf("other")));
    }

    /// <summary>Whoever has turns once and never again is not remembered for ever.</summary>
    [Fact]
    public void Remembers_a_bounded_number()
    {
        FairShares shares = new(_ => Share.Usual);
        for (int i = 0; i < 3 * FairShares.RememberedMax; i++)
        {
            shares.Take($"{i}", 1);
            shares.GiveBack($"{i}", 1);
        }

        Assert.InRange(shares.Known, 0, FairShares.RememberedMax);
    }

    /// <summary>
    /// Many tenants, one of whom brings as many jobs as all others together, at times and with durations that nobody knows. Nothing is free
    /// while anybody waits; and while somebody who holds nothing waits, each other has no more turns than one and what their weights allow:
    /// that is their share.
    /// </summary>
    [Fact]
    public void Nobody_waits_beyond_their_share_and_nothing_is_idle() =>
        Gen.Select(Gen.Int[1, 16], Gen.Int[2, 200], Gen.Int[0, 1_500], Gen.Int[0, int.MaxValue]).Sample(
            (sessions, tenants, jobs, seed) => Run(sessions, tenants, jobs, seed), iter: 30, threads: 1);

    /// <summary>The same with ten thousand, all of whom wait at once.</summary>
    [Fact]
    public void Nobody_waits_beyond_their_share_among_ten_thousand() => Run(sessions: 8, tenants: 10_000, jobs: 30_000, seed: 1, atOnce: true);

    private static void Run(int sessions, int tenants, int jobs, int seed, bool atOnce = false)
    {
        Random random = new(seed);
        FairShares shares = new(party => new Share(WeightOf(party)));
        Dictionary<string, int> queued = [];
        PriorityQueue<string?, double> events = new();
        for (int i = 0; i < jobs; i++)
        {
            string tenant = atOnce && i < tenants ? $"{i}" : random.Next(2) == 0 ? "0" : $"{random.Next(tenants)}";
            events.Enqueue($"+{tenant}", atOnce && i < tenants ? 0 : random.NextDouble() * jobs / sessions);
        }

        int running = 0;
        int done = 0;
        HashSet<string> served = [];
        Dictionary<string, Dictionary<string, int>> turnsSince = []; // of those who wait and hold nothing: who has had turns since then
        while (events.TryDequeue(out string? what, out double now))
        {
            string tenant = what![1..];
            if (what[0] == '+')
            {
                queued[tenant] = queued.GetValueOrDefault(tenant) + 1;
                shares.Wait(tenant);
            }
            else
            {
                running--;
                done++;
                shares.GiveBack(tenant, 1);
            }

            if (!atOnce && queued.ContainsKey(tenant) && shares.HeldBy(tenant) == 0)
            {
                turnsSince.TryAdd(tenant, []);
            }

            while (running < sessions && shares.Next(1) is [var next])
            {
                shares.Take(next, 1);
                running++;
                Assert.True(!atOnce || served.Add(next) || served.Count == tenants, $"{next} has had two turns before all had one.");
                events.Enqueue($"-{next}", now + random.NextDouble());
                turnsSince.Remove(next);
                foreach ((string waiting, Dictionary<string, int> turns) in turnsSince)
                {
                    turns[next] = turns.GetValueOrDefault(next) + 1;
                    Assert.True(
                        turns[next] <= 1 + (WeightOf(next) / WeightOf(waiting)),
                        $"{next} has had {turns[next]} turns while {waiting} had none (seed {seed}).");
                }

                if (--queued[next] == 0)
                {
                    queued.Remove(next);
                    shares.StopWaiting(next);
                }
            }

            Assert.True(running == sessions || queued.Count == 0, $"A session is idle while {queued.Count} wait (seed {seed}).");
            Assert.Equal(queued.Count, shares.Waiting);
        }

        Assert.Equal(jobs, done);
    }

    private static int WeightOf(string party) => 1 + (party[^1] % 3);

    private static IEnumerable<string> Turns(FairShares shares, int count)
    {
        for (int i = 0; i < count; i++)
        {
            string next = shares.Next(1).Single();
            shares.Take(next, 1);
            yield return next;
        }
    }
}
