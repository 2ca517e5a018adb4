namespace PipelineService.Core.Compression;

/// <summary>
/// Bits of a source, the lowest of a byte first. Reads beyond its end give zeros and are remembered: what was read until then does not
/// count. Holds fewer than 8 bits of the bytes before the source.
/// </summary>
internal ref struct BitReader(ReadOnlySpan<byte> source, ulong bits, int count)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private ulong _bits = bits;
    private int _count = count;
    private int _next;

    /// <summary>Whether everything that was read was there.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Bytes of the source of which a bit was read.</summary>
    public readonly int Taken => _next - (_count >> 3);

    /// <summary>The bits of the last byte taken that were not read.</summary>
    public readonly (ulong Bits, int Count) Rest() => (_bits & ((1u << (_count & 7)) - 1), _count & 7);

    /// <summary>The next bits, 32 at least, as far as they are there.</summary>
    public ulong Peek()
    {
        while (_count <= 48 && _next < _source.Length)
        {
            _bits |= (ulong)_source[_next++] << _count;
            _count += 8;
        }

        return _bits;
    }

    public uint Read(int bits)
    {
        uint value = (uint)(Peek() & ((1u << bits) - 1));
        return TrySkip(bits) ? value : 0;
    }

    /// <returns>False when they are not there.</returns>
    public bool TrySkip(int bits)
    {
        if (bits > _count)
        {
            IsWhole = false;
            return false;
        }

        _bits >>= bits;
        _count -= bits;
        return true;
    }

    public void SkipToByte() => TrySkip(_count & 7);
}
