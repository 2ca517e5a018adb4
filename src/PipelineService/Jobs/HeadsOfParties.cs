namespace PipelineService.Jobs;

/// <summary>
/// The oldest job of each party that may still be in the queue. Entries of jobs that were claimed stay in the index until no transaction is
/// older, and a load may be open for hours: without this, each claim would pass over all of them.
/// </summary>
internal sealed class HeadsOfParties
{
    private const int CountMax = 1_000;

    private readonly Dictionary<string, Guid> _heads = new(StringComparer.Ordinal);

    public Guid Of(string party) => _heads.GetValueOrDefault(party);

    /// <summary>A job was the oldest of its party.</summary>
    public void Begin(string party, Guid job)
    {
        if (_heads.Count == CountMax)
        {
            _heads.Clear();
        }

        _heads[party] = job;
    }

    /// <summary>There may be older ones after all.</summary>
    public void Forget() => _heads.Clear();

    /// <returns>Whether anything was known of one of them.</returns>
    public bool Forget(string[] parties)
    {
        bool wasKnown = false;
        foreach (string party in parties)
        {
            wasKnown |= _heads.Remove(party);
        }

        return wasKnown;
    }
}
