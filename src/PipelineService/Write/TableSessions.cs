namespace PipelineService.Write;

/// <summary>
/// Which tables have sessions, and which could not be written to when they were tried last: those rest, longer each time. For
/// <see cref="SessionBudget"/>, under its lock.
/// </summary>
internal sealed class TableSessions(TimeProvider time)
{
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(10);

    /// <summary>How long it is remembered that a table rested, when no job has tried it since.</summary>
    private static readonly TimeSpan MemoryMax = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, Table> _tables = new(StringComparer.Ordinal);

    /// <summary>Tables that could not be written to when they were tried last.</summary>
    public int Resting => _tables.Values.Count(table => table.Failures > 0);

    /// <summary>How many sessions more a table may have.</summary>
    /// <param name="free">Sessions that nobody has.</param>
    /// <param name="kept">How many of them are for tables that have none.</param>
    public int Allowed(string table, int free, int kept) => Allowed(_tables.GetValueOrDefault(table), free, kept);

    /// <summary>Tables that may have none.</summary>
    public HashSet<string> Closed(int free, int kept)
    {
        foreach ((string name, _) in _tables.Where(table => IsForgotten(table.Value)).ToArray())
        {
            _tables.Remove(name);
        }

        return _tables.Where(table => Allowed(table.Value, free, kept) <= 0).Select(table => table.Key).ToHashSet(StringComparer.Ordinal);
    }

    public void Add(string table, int sessions) => Get(table).Count += sessions;

    public void Remove(string table, int sessions)
    {
        Table known = _tables[table];
        known.Count -= sessions;
        if (known is { Count: 0, Failures: 0 })
        {
            _tables.Remove(table);
        }
    }

    /// <inheritdoc cref="SessionBudget.Rest"/>
    public TimeSpan Rest(string table)
    {
        Table known = Get(table);
        if (RestOf(known) <= TimeSpan.Zero)
        {
            double rest = RestMin.TotalSeconds * Math.Pow(2, Math.Min(known.Failures, 10));
            known.Failures++;
            known.Rest = TimeSpan.FromSeconds(
                Math.Min(RestMax.TotalSeconds, rest) * (0.5 + (Random.Shared.NextDouble() / 2)));
            known.RestsSince = time.GetTimestamp();
        }

        return RestOf(known);
    }

    /// <inheritdoc cref="SessionBudget.Wake"/>
    /// <returns>Whether it rested.</returns>
    public bool Wake(string table)
    {
        if (!_tables.TryGetValue(table, out Table? known) || known.Failures == 0)
        {
            return false;
        }

        (known.Failures, known.Rest) = (0, TimeSpan.Zero);
        if (known.Count == 0)
        {
            _tables.Remove(table);
        }

        return true;
    }

    private int Allowed(Table? table, int free, int kept)
    {
        if (table is { Failures: > 0 })
        {
            // Tables that are only tried leave others half of what is kept.
            return table.Count > 0 || RestOf(table) > TimeSpan.Zero || free <= kept / 2 ? 0 : 1;
        }

        return free > kept ? free - kept : table is null or { Count: 0 } ? Math.Min(free, 1) : 0;
    }

    private Table Get(string table) => _tables.TryGetValue(table, out Table? known) ? known : _tables[table] = new Table();

    private TimeSpan RestOf(Table table) =>
        table.Failures == 0 ? TimeSpan.Zero : table.Rest - time.GetElapsedTime(table.RestsSince);

    private bool IsForgotten(Table table) => table.Count == 0 && RestOf(table) < -MemoryMax;

    private sealed class Table
    {
        public int Count { get; set; }

        /// <summary>How often in a row it could not be written to.</summary>
        public int Failures { get; set; }

        public TimeSpan Rest { get; set; }

        public long RestsSince { get; set; }
    }
}
