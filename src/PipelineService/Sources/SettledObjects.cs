namespace PipelineService.Sources;

/// <summary>
/// Since when objects have been as they are, by the clock of this process: times of change are set by whoever writes, on machines with
/// clocks of their own. It remembers what the last look asked for, and no more.
/// </summary>
internal sealed class SettledObjects(TimeProvider time)
{
    private Dictionary<string, Seen> _before = new(StringComparer.Ordinal);
    private Dictionary<string, Seen> _now = new(StringComparer.Ordinal);

    /// <summary>A new look: what is not asked for in it is forgotten by the next.</summary>
    public void Begin() => (_before, _now) = (_now, new Dictionary<string, Seen>(StringComparer.Ordinal));

    /// <summary>Whether an object has been the same for so long.</summary>
    public bool IsSettled(FoundObject found, TimeSpan settle)
    {
        Seen seen = _before.TryGetValue(found.Name, out Seen known) && known.Version == found.Version
            ? known
            : new Seen(found.Version, time.GetTimestamp());
        _now[found.Name] = seen;
        return time.GetElapsedTime(seen.Since) >= settle;
    }

    private readonly record struct Seen(string Version, long Since);
}
