using System.Collections.Frozen;
using System.Security.Cryptography;
using Npgsql;
using PipelineService.Access.Tenants;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Keys;

/// <summary>What the ring says of a credential.</summary>
internal enum KeyVerdict
{
    /// <summary>It has not the form of a key, or a wrong checksum.</summary>
    NotAKey,

    /// <summary>No such key lets anybody in here: it was revoked, was made a moment ago elsewhere, or never was.</summary>
    Unknown,

    Expired,
    Good,
}

/// <summary>
/// The keys of this instance, in memory: all of those that let somebody in, at most <see cref="AccessOptions.KeysMax"/>. So no
/// request asks the database who sends it, and an outage locks nobody out. Whoever guesses ids costs nobody anything, since what
/// is not here is nowhere.
/// </summary>
internal sealed partial class KeyRing(
    KeyStore store, KeyHasher hasher, TenantRing tenants, Database database, TimeProvider time, ILogger<KeyRing> logger) : IDisposable
{
    /// <summary>At most so often the database is asked because of a key that is unknown here.</summary>
    private static readonly TimeSpan UnknownPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _refreshing = new(1);
    private volatile Contents? _contents;
    private readonly Lock _lock = new();
    private long? _lastUnknown;

    /// <summary>Whether the keys are known; until then nobody can be let in by one.</summary>
    public bool IsLoaded => _contents is not null;

    /// <summary>
    /// Whether there ever was a key. Then every call takes a credential, also when the last one has expired or was revoked.
    /// </summary>
    public bool HasAny => _contents?.Census.HasAny == true;

    /// <param name="text">What was sent.</param>
    /// <param name="caller">Who it lets in, when it is good.</param>
    public KeyVerdict Judge(ReadOnlySpan<char> text, out Caller? caller)
    {
        caller = null;
        Span<byte> ascii = stackalloc byte[KeyText.Length];
        if (!KeyText.TryRead(text, ascii, out Guid id))
        {
            return KeyVerdict.NotAKey;
        }

        // Ids are no secret, so it tells nothing that one is found sooner than another is not.
        if (_contents?.Keys.TryGetValue(id, out Entry? entry) != true)
        {
            return KeyVerdict.Unknown;
        }

        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        hasher.Hash(ascii, hash);
        DateTime now = time.GetUtcNow().UtcDateTime;
        bool isGood = CryptographicOperations.FixedTimeEquals(hash, entry!.Row.Hash)
            || (entry.Row.PreviousHash is { } previous && now < entry.Row.PreviousUntil
                && CryptographicOperations.FixedTimeEquals(hash, previous));
        if (!isGood)
        {
            return KeyVerdict.Unknown;
        }

        if (now >= entry.Row.ExpiresAt)
        {
            return KeyVerdict.Expired;
        }

        caller = entry.Caller;
        return KeyVerdict.Good;
    }

    /// <summary>Who a key lets in, for what is done in its name when nobody calls; null when it lets nobody in.</summary>
    public Caller? Find(Guid id) =>
        _contents?.Keys.TryGetValue(id, out Entry? entry) == true && !(time.GetUtcNow().UtcDateTime >= entry.Row.ExpiresAt) ? entry.Caller : null;

    /// <summary>Before the first request: a step of the database's preparation.</summary>
    public async Task PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await TakeInAsync(connection, cancellationToken);

    /// <summary>Looks whether keys have changed elsewhere, and takes them in.</summary>
    /// <exception cref="DatabaseUnavailableException">That cannot be told now; those that are here go on.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        using IDisposable untraced = PipelineTracing.Untraced(); // a span every few seconds would bury the others
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            await database.RunAsync(TakeInAsync, cancellationToken);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>What was just changed counts here at once. If the database is away by now, it counts when that is back.</summary>
    public async Task TakeInAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (DatabaseUnavailableException)
        {
            // KeyRefresh goes on with it.
        }
    }

    /// <summary>For a key that is not here: it may be on its way.</summary>
    /// <returns>False when the keys are not known at all.</returns>
    public async Task<bool> LookForUnknownAsync(CancellationToken cancellationToken)
    {
        if (MayLook())
        {
            try
            {
                await RefreshAsync(cancellationToken);
            }
            catch (DatabaseUnavailableException)
            {
                // Those that are here go on.
            }
        }

        return IsLoaded;
    }

    public void Dispose() => _refreshing.Dispose();

    private bool MayLook()
    {
        lock (_lock)
        {
            if (_lastUnknown is { } last && time.GetElapsedTime(last) < UnknownPause)
            {
                return false;
            }

            _lastUnknown = time.GetTimestamp();
            return true;
        }
    }

    private async Task<bool> TakeInAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Counted before they are read: what changes in between is read again the next time.
        KeyCensus census = await KeyStore.LookAsync(connection, cancellationToken);
        if (_contents?.Census == census)
        {
            return false;
        }

        await tenants.TakeInAsync(connection, cancellationToken); // a change of theirs is counted among those of keys
        IReadOnlyList<KeyRow> rows = await store.LoadAsync(connection, cancellationToken);
        int foreign = rows.Count(row => row.HashedWith != hasher.Mark);
        if (foreign > 0)
        {
            Log.HashedOtherwise(logger, foreign);
        }

        _contents = new Contents(census, rows.ToFrozenDictionary(row => row.Id, row => new Entry(row, row.ToCaller())));
        return true;
    }

    private sealed record Entry(KeyRow Row, Caller Caller);

    private sealed record Contents(KeyCensus Census, FrozenDictionary<Guid, Entry> Keys);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "{Count} keys were hashed under another secret than this instance has, and let nobody in: set Access:HashKey to "
                + "what it was, or rotate them.")]
        public static partial void HashedOtherwise(ILogger logger, int count);
    }
}
