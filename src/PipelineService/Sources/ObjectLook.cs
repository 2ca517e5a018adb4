namespace PipelineService.Sources;

/// <summary>
/// One look at a place: what is there and was not taken. The oldest are kept, as many as are taken in one go, and of the others only how
/// many there are: memory does not depend on how much lies there.
/// </summary>
internal sealed class ObjectLook
{
    /// <summary>Objects that are taken in one go, the oldest first; the next look brings the others.</summary>
    public const int TakenMax = 1_000;

    /// <summary>Names that the database is asked for at once.</summary>
    public const int PageMax = 500;

    private readonly PriorityQueue<FoundObject, FoundObject> _oldest = new(ByAge.YoungestFirst);

    public SourceLag Lag { get; private set; }

    /// <summary>Whether there is more than is taken in one go.</summary>
    public bool IsMore { get; private set; }

    /// <param name="findKnown">Which states of objects with these names were taken before.</param>
    public static async Task<ObjectLook> AtAsync(
        IObjectPlace place, Func<string[], Task<HashSet<(string Name, string Version)>>> findKnown, CancellationToken cancellationToken)
    {
        ObjectLook look = new();
        await foreach (FoundObject[] page in place.ListAsync(cancellationToken).Chunk(PageMax).WithCancellation(cancellationToken))
        {
            FoundObject[] nameable = [.. page.Where(found => found.IsNameable)];
            look.Lag = look.Lag with { Skipped = look.Lag.Skipped + page.Length - nameable.Length };
            HashSet<(string, string)> known = await findKnown([.. nameable.Select(found => found.Name)]);
            foreach (FoundObject found in nameable.Where(found => !known.Contains((found.Name, found.Version))))
            {
                look.Add(found);
            }
        }

        return look;
    }

    /// <summary>The oldest first; of one time by their names.</summary>
    public IReadOnlyList<FoundObject> InOrder() => [.. _oldest.UnorderedItems.Select(item => item.Element).Order(ByAge.OldestFirst)];

    private void Add(FoundObject found)
    {
        Lag = Lag.With(found);
        _oldest.Enqueue(found, found);
        if (_oldest.Count > TakenMax)
        {
            _oldest.Dequeue();
            IsMore = true;
        }
    }

    private sealed class ByAge(int sign) : IComparer<FoundObject>
    {
        public static ByAge YoungestFirst { get; } = new(-1);

        public static ByAge OldestFirst { get; } = new(1);

        public int Compare(FoundObject x, FoundObject y)
        {
            int order = x.ModifiedAt.CompareTo(y.ModifiedAt);
            return sign * (order != 0 ? order : string.CompareOrdinal(x.Name, y.Name));
        }
    }
}
