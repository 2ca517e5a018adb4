using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// Walks over the bytes that structure delimited text (delimiter, quote, CR, LF), 64 at a time: vector compares make a
/// bit mask of a block, and each step takes the lowest bit. The way of nietras/Sep and of simdjson's first stage.
/// </summary>
internal ref struct StructuralBytes
{
    private const int BlockBytes = 64;

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly byte _delimiter;
    private readonly byte _quote;
    private int _block;
    private ulong _mask;

    /// <param name="bytes">What to walk over.</param>
    /// <param name="delimiter">The quote again when delimiters are of no interest: then they cost no step.</param>
    /// <param name="quote">The quote.</param>
    public StructuralBytes(ReadOnlySpan<byte> bytes, byte delimiter, byte quote)
    {
        _bytes = bytes;
        _delimiter = delimiter;
        _quote = quote;
        Seek(0);
    }

    /// <summary>Continues from a position: the next step finds the first structural byte at or after it.</summary>
    public void Seek(int position)
    {
        _block = position - BlockBytes;
        _mask = 0;
    }

    /// <summary>The position of the next structural byte, or the length of the bytes when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next()
    {
        while (_mask == 0)
        {
            int block = _block + BlockBytes;
            if (block >= _bytes.Length)
            {
                return _bytes.Length;
            }

            _block = block;
            _mask = MaskAt(_bytes, block, _delimiter, _quote);
        }

        int position = _block + BitOperations.TrailingZeroCount(_mask);
        _mask &= _mask - 1;
        return position;
    }

    private static ulong MaskAt(ReadOnlySpan<byte> bytes, int position, byte delimiter, byte quote)
    {
        ReadOnlySpan<byte> rest = bytes[position..];
        if (rest.Length >= BlockBytes)
        {
            return MaskOf(ref MemoryMarshal.GetReference(rest), delimiter, quote);
        }

        Span<byte> block = stackalloc byte[BlockBytes];
        block.Clear();
        rest.CopyTo(block);

        // The padding may equal a delimiter of 0x00.
        return MaskOf(ref MemoryMarshal.GetReference(block), delimiter, quote) & ((1UL << rest.Length) - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MaskOf(ref byte block, byte delimiter, byte quote)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var bytes = Vector512.LoadUnsafe(ref block);
            return (Vector512.Equals(bytes, Vector512.Create(delimiter))
                | Vector512.Equals(bytes, Vector512.Create(quote))
                | Vector512.Equals(bytes, Vector512.Create((byte)'\n'))
                | Vector512.Equals(bytes, Vector512.Create((byte)'\r'))).ExtractMostSignificantBits();
        }

        return HalfMaskOf(ref block, delimiter, quote)
            | ((ulong)HalfMaskOf(ref Unsafe.Add(ref block, BlockBytes / 2), delimiter, quote) << (BlockBytes / 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint HalfMaskOf(ref byte half, byte delimiter, byte quote)
    {
        var bytes = Vector256.LoadUnsafe(ref half);
        return (Vector256.Equals(bytes, Vector256.Create(delimiter))
            | Vector256.Equals(bytes, Vector256.Create(quote))
            | Vector256.Equals(bytes, Vector256.Create((byte)'\n'))
            | Vector256.Equals(bytes, Vector256.Create((byte)'\r'))).ExtractMostSignificantBits();
    }
}
