using PipelineService.Spool;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A spool in memory, for tests of what stands on a spool. It keeps every promise of one but to survive: manifests go through the same
/// text as elsewhere, so that what is read is never the object that was written.
/// </summary>
internal sealed class MemorySpool(long quotaBytes = long.MaxValue) : ISpool
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<Guid, Stored> _sealed = [];
    private readonly HashSet<Guid> _kept = [];
    private readonly HashSet<Guid> _setAside = [];
    private long _used;

    public Guid Id { get; } = Guid.CreateVersion7();

    public string Place => "memory";

    public bool WasThere => true;

    public bool IsThere() => true;

    public void ThrowUnlessThere()
    {
    }

    public bool HasRoomFor(long bytes) => Volatile.Read(ref _used) + bytes <= quotaBytes;

    public SpoolWriter Create(Guid upload) => new(upload, new Bytes(this, upload, new MemoryStream()));

    /// <summary>A new upload of whatever id.</summary>
    public SpoolWriter Create() => Create(Guid.CreateVersion7());

    public async ValueTask<SpoolReader> OpenAsync(Guid upload, CancellationToken cancellationToken)
    {
        await Task.Yield(); // as a disk may let its callers wait
        lock (_lock)
        {
            return _sealed.TryGetValue(upload, out Stored? stored)
                ? new SpoolReader(
                    ManifestDocument.Read(stored.Manifest, upload, "manifest").Manifest,
                    new Bytes(this, upload, new MemoryStream(stored.Data)) { IsSealed = true })
                : throw new SpoolDamagedException("There is no such upload.");
        }
    }

    public ValueTask<SpoolManifest?> FindAsync(Guid upload, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(!_kept.Contains(upload) && _sealed.TryGetValue(upload, out Stored? stored) ? ManifestDocument.Read(stored.Manifest, upload, "manifest").Manifest : null);
        }
    }

    public async ValueTask<SpoolManifest?> FindByKeyAsync(string dataset, string key, CancellationToken cancellationToken) =>
        await ListAsync(cancellationToken).Select(async (upload, token) => await FindAsync(upload, token))
            .FirstOrDefaultAsync(manifest => manifest?.Dataset == dataset && manifest.IdempotencyKey == key, cancellationToken);

    public IAsyncEnumerable<Guid> ListAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _sealed.Keys.Except(_kept).ToArray().ToAsyncEnumerable();
        }
    }

    public ValueTask<bool> HoldsAsync(Guid upload, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(_sealed.ContainsKey(upload) || _setAside.Contains(upload));
        }
    }

    public ValueTask KeepAsync(Guid upload)
    {
        lock (_lock)
        {
            _kept.Add(upload);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(Guid upload)
    {
        lock (_lock)
        {
            _kept.Remove(upload);
            Interlocked.Add(ref _used, -(_sealed.Remove(upload, out Stored? stored) ? stored.Data.Length : 0));
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask SetAsideAsync(Guid upload, DateTimeOffset now)
    {
        lock (_lock)
        {
            _sealed.Remove(upload);
            _setAside.Add(upload);
        }

        return ValueTask.CompletedTask;
    }

    private sealed record Stored(byte[] Manifest, byte[] Data);

    private sealed class Bytes(MemorySpool spool, Guid id, MemoryStream data) : IUploadBytes
    {
        private readonly Lock _lock = new();

        public bool IsSealed { get; set; }

        public ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
        {
            if (!spool.HasRoomFor(bytes))
            {
                throw new SpoolFullException("There is no room.");
            }

            Interlocked.Add(ref spool._used, bytes);
            lock (_lock)
            {
                data.Seek(0, SeekOrigin.End);
                foreach (ReadOnlyMemory<byte> segment in segments)
                {
                    data.Write(segment.Span);
                }
            }

            return ValueTask.CompletedTask;
        }

        public void Clear()
        {
            lock (_lock)
            {
                Interlocked.Add(ref spool._used, -data.Length);
                data.SetLength(0);
            }
        }

        public Task SealAsync(SpoolManifest manifest)
        {
            lock (spool._lock)
            {
                spool._sealed[id] = new Stored(ManifestDocument.Write(manifest), data.ToArray());
            }

            IsSealed = true;
            return Task.CompletedTask;
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                data.Seek(offset, SeekOrigin.Begin);
                return new(data.Read(buffer.Span));
            }
        }

        public ValueTask CloseAsync()
        {
            if (!IsSealed)
            {
                Clear();
            }

            return ValueTask.CompletedTask;
        }
    }
}
