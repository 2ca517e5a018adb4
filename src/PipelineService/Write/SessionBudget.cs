using Microsoft.Extensions.Options;

namespace PipelineService.Write;

/// <summary>
/// How many write sessions are free, and for which table. A job reserves all its sessions before its first chunk enters the
/// channel: otherwise workers could all wait for sessions that only chunks queued behind them would free.
/// </summary>
/// <remarks>
/// No table stops another. A quarter of the sessions is kept for tables that have none, one for each, so that an upload finds a
/// session whatever the jobs of another table do with theirs. And a table that could not be written to rests, longer each time:
/// meanwhile none of its jobs begins, and after it one does, with one session, until a chunk has landed.
/// </remarks>
public sealed class SessionBudget
{
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(10);

    /// <summary>How long it is remembered that a table rested, when no job has tried it since.</summary>
    private static readonly TimeSpan MemoryMax = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly WriteOptions _options;
    private readonly TimeProvider _time;
    private readonly int _kept;
    private readonly Dictionary<string, TableSessions> _tables = new(StringComparer.Ordinal);
    private int _used;
    private int _receiving;

    public SessionBudget(IOptions<WriteOptions> options, TimeProvider time)
    {
        (_options, _time) = (options.Value, time);
        _kept = Math.Min((_options.SessionsMax + 3) / 4, _options.SessionsMax - 1);
    }

    /// <summary>Told whenever sessions become free, or a table is found to be written to again.</summary>
    public event Action? Freed;

    /// <summary>Sessions reserved now.</summary>
    public int Used
    {
        get
        {
            lock (_lock)
            {
                return _used;
            }
        }
    }

    public bool HasFree => Used < _options.SessionsMax;

    /// <summary>Tables that could not be written to when they were tried last.</summary>
    public int Resting
    {
        get
        {
            lock (_lock)
            {
                return _tables.Values.Count(table => table.Failures > 0);
            }
        }
    }

    /// <summary>Tables for which no job can begin now: they rest, are being tried, or have their share.</summary>
    public IReadOnlySet<string> Closed()
    {
        lock (_lock)
        {
            foreach ((string name, _) in _tables.Where(table => IsForgotten(table.Value)).ToArray())
            {
                _tables.Remove(name);
            }

            return _tables.Where(table => Allowed(table.Value) <= 0).Select(table => table.Key).ToHashSet(StringComparer.Ordinal);
        }
    }

    /// <summary>Reserves 1 to <paramref name="sessionsMax"/> sessions, as many as the table may have.</summary>
    /// <param name="table">The table that the job loads into.</param>
    /// <param name="sessionsMax">How many the job could use.</param>
    /// <param name="isReceiving">Whether its upload is still arriving; those have a smaller budget.</param>
    /// <returns>The reservation, or null when the table can have none now.</returns>
    public SessionReservation? TryReserve(string table, int sessionsMax, bool isReceiving)
    {
        int count = Take(table, sessionsMax, isReceiving);
        return count == 0 ? null : new SessionReservation(this, table, sessionsMax, count, isReceiving);
    }

    /// <summary>Whether a job of the table would get a session now.</summary>
    public bool MayReserve(string table)
    {
        lock (_lock)
        {
            return Allowed(_tables.GetValueOrDefault(table)) > 0;
        }
    }

    /// <summary>Reserves one session, or none when the table can have none now: then the reservation is empty.</summary>
    public SessionReservation ReserveOneOrNone(string table) =>
        new(this, table, sessionsMax: 1, Take(table, sessionsMax: 1, isReceiving: false), isReceiving: false);

    internal int Take(string table, int sessionsMax, bool isReceiving)
    {
        lock (_lock)
        {
            _tables.TryGetValue(table, out TableSessions? known);
            int count = Math.Min(Allowed(known), Math.Min(sessionsMax, _options.SessionsPerJobMax));
            if (isReceiving)
            {
                count = Math.Min(count, _options.SessionsReceivingMax - _receiving);
            }

            if (count <= 0)
            {
                return 0;
            }

            _tables[table] = known ??= new TableSessions();
            known.Count += count;
            _used += count;
            _receiving += isReceiving ? count : 0;
            return count;
        }
    }

    internal void Release(string table, int count, int receiving)
    {
        lock (_lock)
        {
            _used -= count;
            _receiving -= receiving;
            TableSessions known = _tables[table];
            known.Count -= count;
            if (known is { Count: 0, Failures: 0 })
            {
                _tables.Remove(table);
            }
        }

        Freed?.Invoke();
    }

    internal void NoLongerReceiving(int count)
    {
        lock (_lock)
        {
            _receiving -= count;
        }
    }

    /// <summary>The table could not be written to. Jobs that find out together let it rest once.</summary>
    /// <returns>How long it rests from now on.</returns>
    internal TimeSpan Rest(string table)
    {
        lock (_lock)
        {
            if (!_tables.TryGetValue(table, out TableSessions? known))
            {
                _tables[table] = known = new TableSessions();
            }

            if (RestOf(known) <= TimeSpan.Zero)
            {
                double rest = RestMin.TotalSeconds * Math.Pow(2, Math.Min(known.Failures, 10));
                known.Failures++;
                known.Rest = TimeSpan.FromSeconds(
                    Math.Min(RestMax.TotalSeconds, rest) * (0.5 + (Random.Shared.NextDouble() / 2)));
                known.RestsSince = _time.GetTimestamp();
            }

            return RestOf(known);
        }
    }

    /// <summary>A chunk has landed in the table: what made it rest is over.</summary>
    internal void Wake(string table)
    {
        lock (_lock)
        {
            if (!_tables.TryGetValue(table, out TableSessions? known) || known.Failures == 0)
            {
                return;
            }

            (known.Failures, known.Rest) = (0, TimeSpan.Zero);
            if (known.Count == 0)
            {
                _tables.Remove(table);
            }
        }

        Freed?.Invoke();
    }

    /// <summary>How many sessions more a table may have now.</summary>
    private int Allowed(TableSessions? table)
    {
        int free = _options.SessionsMax - _used;
        if (table is { Failures: > 0 })
        {
            // Tables that are only tried leave others half of what is kept.
            return table.Count > 0 || RestOf(table) > TimeSpan.Zero || free <= _kept / 2 ? 0 : 1;
        }

        return free > _kept ? free - _kept : table is null or { Count: 0 } ? Math.Min(free, 1) : 0;
    }

    private TimeSpan RestOf(TableSessions table) =>
        table.Failures == 0 ? TimeSpan.Zero : table.Rest - _time.GetElapsedTime(table.RestsSince);

    private bool IsForgotten(TableSessions table) => table.Count == 0 && RestOf(table) < -MemoryMax;

    private sealed class TableSessions
    {
        public int Count { get; set; }

        /// <summary>How often in a row it could not be written to.</summary>
        public int Failures { get; set; }

        public TimeSpan Rest { get; set; }

        public long RestsSince { get; set; }
    }
}
