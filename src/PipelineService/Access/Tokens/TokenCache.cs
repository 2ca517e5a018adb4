using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace PipelineService.Access.Tokens;

/// <summary>
/// Tokens that were checked a moment ago, by their digests: a check costs some hundred times what the rest of the gate does. Only
/// good ones, so that nobody fills it with rubbish, and each for a minute at most, which is how long a key that the issuer has
/// withdrawn may go on.
/// </summary>
internal sealed class TokenCache(TimeProvider time)
{
    private const int CountMax = 10_000;

    private static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Digest, Entry> _entries = new();

    /// <param name="digest">SHA-256 of the token.</param>
    public Caller? Find(ReadOnlySpan<byte> digest) =>
        _entries.TryGetValue(Digest.Of(digest), out Entry? entry) && time.GetUtcNow() < entry.Until ? entry.Caller : null;

    /// <param name="expires">When the token ends.</param>
    public void Add(ReadOnlySpan<byte> digest, Caller caller, DateTimeOffset expires)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (_entries.Count >= CountMax)
        {
            _entries.Clear(); // all are checked anew, once
        }

        _entries[Digest.Of(digest)] = new Entry(caller, expires < now + AgeMax ? expires : now + AgeMax);
    }

    private sealed record Entry(Caller Caller, DateTimeOffset Until);

    private readonly record struct Digest(UInt128 First, UInt128 Second)
    {
        public static Digest Of(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<Digest>(bytes);
    }
}
