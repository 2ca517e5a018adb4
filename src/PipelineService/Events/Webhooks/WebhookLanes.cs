using PipelineService.Hosting.Telemetry;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// How much may be under way for each webhook at once, here. Each has a place of its own, whatever the others do, and more from a common
/// stock
/// while there are any. One that fails several times in a row gets nothing for a while, and then one attempt: so a dead or slow one costs
/// itself alone.
/// </summary>
internal sealed class WebhookLanes
{
    /// <summary>Under way for one webhook.</summary>
    internal const int OwnMax = 8;

    /// <summary>Of all webhooks, beside the one of each.</summary>
    internal const int SharedMax = 32;

    internal const int FailuresMax = 5;

    private static readonly TimeSpan RestBase = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestMax = TimeSpan.FromMinutes(5);

    /// <summary>How long it is known of one that nothing is sent to that it has failed.</summary>
    private static readonly TimeSpan RememberedFor = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Lane> _lanes = [];
    private readonly TimeProvider _time;
    private int _shared;

    public WebhookLanes(TimeProvider time, PipelineMetrics metrics)
    {
        _time = time;
        metrics.ObserveGauge("pipeline.webhook.under_way", "{delivery}", "Deliveries that are being sent.", () => UnderWay);
        metrics.ObserveGauge(
            "pipeline.webhook.resting", "{webhook}", "Webhooks that nothing is sent to for a while, since they failed several times in a row.",
            () => Resting);
    }

    public int UnderWay
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Values.Sum(lane => lane.Taken);
            }
        }
    }

    public int Resting
    {
        get
        {
            lock (_lock)
            {
                return _lanes.Values.Count(lane => lane.Failures >= FailuresMax);
            }
        }
    }

    /// <summary>
    /// How many deliveries of each may be taken now. Asked by one at a time, who takes no more and tells each that is taken by
    /// <see cref="Take"/>.
    /// </summary>
    public IReadOnlyList<(Guid Webhook, int Room)> RoomFor(IReadOnlyCollection<Guid> webhooks)
    {
        lock (_lock)
        {
            foreach (Guid left in _lanes.Where(lane => lane.Value.Taken == 0 && lane.Value.LeftAt + RememberedFor < _time.GetUtcNow())
                .Select(lane => lane.Key).ToArray())
            {
                _lanes.Remove(left);
            }

            int share = webhooks.Count == 0 ? 0 : (SharedMax - _shared) / webhooks.Count;
            List<(Guid, int)> rooms = [];
            foreach (Guid webhook in webhooks)
            {
                int room = RoomOf(_lanes.GetValueOrDefault(webhook), share);
                if (room > 0)
                {
                    rooms.Add((webhook, room));
                }
            }

            return rooms;
        }
    }

    public void Take(Guid webhook)
    {
        lock (_lock)
        {
            if (!_lanes.TryGetValue(webhook, out Lane? lane))
            {
                _lanes.Add(webhook, lane = new Lane());
            }

            _shared += ++lane.Taken > 1 ? 1 : 0;
        }
    }

    /// <param name="hasFailed">Null: it was not tried.</param>
    public void Leave(Guid webhook, bool? hasFailed)
    {
        lock (_lock)
        {
            Lane lane = _lanes[webhook];
            _shared -= lane.Taken-- > 1 ? 1 : 0;
            lane.LeftAt = _time.GetUtcNow();
            lane.Failures = hasFailed is null ? lane.Failures : hasFailed.Value ? lane.Failures + 1 : 0;
            if (hasFailed == true && lane.Failures >= FailuresMax)
            {
                TimeSpan rest = RestBase * Math.Pow(2, Math.Min(lane.Failures - FailuresMax, 10));
                lane.RestsUntil = _time.GetUtcNow() + (rest < RestMax ? rest : RestMax);
            }
        }
    }

    /// <param name="share">How many of the common stock one may have.</param>
    private int RoomOf(Lane? lane, int share) =>
        lane is null ? Math.Min(1 + share, OwnMax)
        : lane.Failures < FailuresMax ? Math.Clamp(lane.Taken == 0 ? 1 + share : share, 0, OwnMax - lane.Taken)
        : lane.Taken == 0 && _time.GetUtcNow() >= lane.RestsUntil ? 1
        : 0;

    private sealed class Lane
    {
        public int Taken { get; set; }

        public int Failures { get; set; }

        public DateTimeOffset RestsUntil { get; set; }

        public DateTimeOffset LeftAt { get; set; }
    }
}
