namespace PipelineService.Write;

/// <summary>
/// The chunks behind the savepoint of an open transaction, and how many chunks that is to be: one for the first 32 savepoints,
/// then 2, 4, 8 and so on, because a refusal early in a job is the likelier one, and one behind a thousand chunks that were
/// taken is rare.
/// </summary>
/// <remarks>
/// PostgreSQL keeps 64 subtransactions of a transaction in shared memory (PGPROC_MAX_CACHED_SUBXIDS). Beyond them each snapshot
/// of all who use the server looks their parents up in pg_subtrans, as long as the transaction is open. A savepoint that is
/// released counts until the end, one that is rolled back does not. What is left of the 64 is for the chunk at hand.
/// </remarks>
public sealed class ChunkGroup
{
    /// <summary>Savepoints of one chunk each.</summary>
    internal const int SinglesMax = 32;

    /// <summary>Savepoints of a transaction: for 41,000 chunks behind one another that are taken as they are.</summary>
    internal const int ReleasedMax = 48;

    /// <summary>Chunks of a group: it is remembered what they are, some 100 bytes each.</summary>
    internal const int ChunksMax = 8_192;

    /// <summary>Refused rows of a group; they are remembered too.</summary>
    internal const int RefusedMax = 1 << 20;

    /// <summary>Bytes of what services have answered to the records of a group: kept, because they might answer otherwise.</summary>
    internal const long AnswerBytesMax = 16 << 20;

    private readonly List<WrittenChunk> _chunks = [];
    private long _answerBytes;
    private int _released;
    private int _refused;

    /// <summary>Those that go when the savepoint is rolled back, in the order in which they were written.</summary>
    public IReadOnlyList<WrittenChunk> Chunks => _chunks;

    /// <summary>Whether the next chunk is to lie behind a savepoint of its own.</summary>
    public bool IsFull => _chunks.Count >= Size || _refused >= RefusedMax || _answerBytes >= AnswerBytesMax;

    /// <summary>Whether the transaction can have no more of them.</summary>
    public bool IsLast => _released >= ReleasedMax;

    private int Size => _released < SinglesMax ? 1 : (int)Math.Min(2L << (_released - SinglesMax), ChunksMax);

    public void Add(WrittenChunk chunk)
    {
        _chunks.Add(chunk);
        _refused += chunk.Refused.Count;
        _answerBytes += chunk.Answers?.Bytes ?? 0;
    }

    /// <summary>The savepoint was released: what lies behind it stays, and counts.</summary>
    public void Release()
    {
        _chunks.Clear();
        _refused = 0;
        _answerBytes = 0;
        _released++;
    }
}
