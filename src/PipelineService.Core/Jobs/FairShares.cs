namespace PipelineService.Core.Jobs;

/// <summary>What somebody may have of something that all share.</summary>
/// <param name="Weight">How much more than others with the weight 1.</param>
/// <param name="Max">How much at most; null: as much as there is.</param>
public readonly record struct Share(int Weight, int? Max = null)
{
    public const int WeightMax = 100;

    /// <summary>That of everybody of whom nothing else was said.</summary>
    public static Share Usual { get; } = new(1);
}

/// <summary>
/// Whose turn it is to take of what all share: sessions, or places for chunks. The turn is with the one who holds least for their
/// weight; among those who hold the same, with the one who had least for their weight so far (start-time fair queueing: a turn costs
/// 1/weight of virtual time, and whoever has been away is not paid for it); then with the one who has waited longest. Nothing stays
/// free while anybody waits. Nothing here is written down: what is held is what runs, so that it is right again after any crash.
/// </summary>
/// <remarks>Not safe for threads: whoever shares something out has a lock already.</remarks>
/// <param name="shareOf">What somebody may have.</param>
public sealed class FairShares(Func<string, Share> shareOf)
{
    /// <summary>Who neither holds nor waits, and is remembered for the turns that they had. Beyond, all of them are forgotten.</summary>
    public const int RememberedMax = 10_000;

    private readonly Dictionary<string, Party> _parties = new(StringComparer.Ordinal);
    private readonly SortedSet<Party> _waiting = new(Comparer<Party>.Create((one, other) => one.Turn.CompareTo(other.Turn)));
    private double _clock;
    private long _turns;

    /// <summary>How many wait.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>How many are known.</summary>
    public int Known => _parties.Count;

    public long HeldBy(string party) => _parties.TryGetValue(party, out Party? known) ? known.Held : 0;

    /// <summary>How much more somebody may have, whoever else waits.</summary>
    public long RoomOf(string party) => shareOf(party).Max is { } max ? Math.Max(0, max - HeldBy(party)) : long.MaxValue;

    /// <summary>Whether somebody who comes now takes nobody's turn.</summary>
    public bool MayTake(string party)
    {
        if (_waiting.Count == 0)
        {
            return true;
        }

        _parties.TryGetValue(party, out Party? known);
        Turn own = known is null ? new Turn(0, _clock, long.MaxValue) : known.Turn with { Start = Math.Max(known.Tag, _clock) };
        foreach (Party first in _waiting)
        {
            if (first.HasRoom)
            {
                return first == known || own.CompareTo(first.Turn) < 0;
            }
        }

        return true;
    }

    /// <summary>Somebody has taken so much, in one turn.</summary>
    public void Take(string party, long amount)
    {
        Party known = Get(party);
        double start = known.Waits ? known.Tag : Math.Max(known.Tag, _clock);
        _clock = Math.Max(_clock, start);
        Change(known, () =>
        {
            known.Tag = start + (1.0 / known.Share.Weight);
            known.Held += amount;
        });
    }

    public void GiveBack(string party, long amount)
    {
        Party known = _parties[party];
        Change(known, () => known.Held -= amount);
        ForgetIdle(known);
    }

    /// <summary>Somebody wants more, and cannot have it at once.</summary>
    public void Wait(string party)
    {
        Party known = Get(party);
        if (!known.Waits)
        {
            known.Tag = Math.Max(known.Tag, _clock);
            known.Since = ++_turns;
            _waiting.Add(known);
        }
    }

    /// <summary>Somebody wants no more, or can have none for a reason of their own.</summary>
    public void StopWaiting(string party)
    {
        if (_parties.TryGetValue(party, out Party? known) && _waiting.Remove(known))
        {
            known.Since = long.MaxValue;
            ForgetIdle(known);
        }
    }

    /// <summary>Those who wait and may have something, the one whose turn it is first.</summary>
    public string[] Next(int max) => [.. _waiting.Where(party => party.HasRoom).Take(max).Select(party => party.Name)];

    /// <summary>Changes what decides about a turn: who waits is out of the order meanwhile.</summary>
    private void Change(Party party, Action change)
    {
        bool waits = party.Waits && _waiting.Remove(party);
        change();
        if (waits)
        {
            _waiting.Add(party);
        }
    }

    private Party Get(string party)
    {
        if (!_parties.TryGetValue(party, out Party? known))
        {
            if (_parties.Count >= RememberedMax + _waiting.Count)
            {
                ForgetAllIdle();
            }

            _parties[party] = known = new Party(party);
        }

        Share share = shareOf(party);
        if (known.Share != share)
        {
            Change(known, () => known.Share = share);
        }

        return known;
    }

    private void ForgetIdle(Party party)
    {
        if (party.IsIdle && party.Tag <= _clock)
        {
            _parties.Remove(party.Name);
        }
    }

    private void ForgetAllIdle()
    {
        foreach (Party party in _parties.Values.Where(party => party.IsIdle).ToArray())
        {
            _parties.Remove(party.Name);
        }
    }

    private sealed class Party(string name)
    {
        public string Name { get; } = name;

        public Share Share { get; set; } = Share.Usual;

        public long Held { get; set; }

        /// <summary>The virtual time at which their last turn was over, or from which on they wait.</summary>
        public double Tag { get; set; }

        /// <summary>Since which turn they wait; <see cref="long.MaxValue"/> when they do not.</summary>
        public long Since { get; set; } = long.MaxValue;

        public bool Waits => Since != long.MaxValue;

        public bool IsIdle => Held == 0 && !Waits;

        public bool HasRoom => Share.Max is not { } max || Held < max;

        public Turn Turn => new((double)Held / Share.Weight, Tag, Since);
    }

    /// <param name="Held">What is held, for a weight of 1.</param>
    /// <param name="Start">The virtual time at which the turn begins.</param>
    private readonly record struct Turn(double Held, double Start, long Since) : IComparable<Turn>
    {
        public int CompareTo(Turn other) =>
            Held != other.Held ? Held.CompareTo(other.Held)
            : Start != other.Start ? Start.CompareTo(other.Start)
            : Since.CompareTo(other.Since);
    }
}
