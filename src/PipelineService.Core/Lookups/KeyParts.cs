using System.Numerics;

namespace PipelineService.Core.Lookups;

/// <summary>
/// Keys with bytes behind each, in parts by their hashes: filled by one, then frozen part by part, so that both forms are in memory only of
/// one of them.
/// </summary>
internal sealed class KeyParts
{
    /// <summary>Parts of keys that are going to be many.</summary>
    public const int Many = 16;

    private const int HashBits = 32;

    private readonly KeyTable?[] _filling;
    private readonly FrozenKeys?[] _frozen;
    private readonly int _partBits;

    /// <param name="parts">How many: a power of two.</param>
    public KeyParts(int parts)
    {
        _filling = new KeyTable[parts];
        _frozen = new FrozenKeys[parts];
        _partBits = BitOperations.Log2((uint)parts);
        for (int i = 0; i < parts; i++)
        {
            _filling[i] = new KeyTable();
        }
    }

    /// <summary>Keys in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes that it takes.</summary>
    public long Bytes => _filling.Sum(part => part?.Bytes ?? 0) + _frozen.Sum(part => part?.Bytes ?? 0);

    /// <inheritdoc cref="KeyTable.TryAdd(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    /// <exception cref="InvalidOperationException">It takes no more of them.</exception>
    public bool TryAdd(ReadOnlySpan<byte> key, ReadOnlySpan<byte> payload)
    {
        uint hash = KeyHash.Of(key);
        KeyTable part = _filling[PartOf(hash)] ?? throw new InvalidOperationException("No keys are added any more.");
        bool isNew = part.TryAdd(hash, key, payload);
        Count += isNew ? 1 : 0;
        return isNew;
    }

    /// <summary>Takes the form in which keys are found fastest, and no more of them: before the first is looked for.</summary>
    public void Freeze()
    {
        for (int i = 0; i < _filling.Length; i++)
        {
            if (_filling[i] is { } part)
            {
                _frozen[i] = new FrozenKeys(part, _partBits);
                _filling[i] = null;
            }
        }
    }

    /// <inheritdoc cref="KeyTable.TryFind(ReadOnlySpan{byte}, out byte[], out int)"/>
    public bool TryFind(ReadOnlySpan<byte> key, out byte[] page, out int start)
    {
        uint hash = KeyHash.Of(key);
        int part = PartOf(hash);
        return _frozen[part] is { } frozen
            ? frozen.TryFind(hash, key, out page, out start)
            : _filling[part]!.TryFind(hash, key, out page, out start);
    }

    /// <summary>By the first bits of the hash; the others tell the place in the part.</summary>
    private int PartOf(uint hash) => (int)((ulong)hash >> (HashBits - _partBits));
}
