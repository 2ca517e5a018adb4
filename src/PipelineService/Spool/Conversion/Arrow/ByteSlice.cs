using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>A buffer of a batch: a part of an array that may be taken for the next batch when this one is written.</summary>
internal readonly record struct ByteSlice(byte[] Array, int Start, int Length)
{
    public ReadOnlySpan<byte> Span => Array.AsSpan(Start, Length);

    /// <summary>An item of numbers that lie side by side, whatever their places are divisible by.</summary>
    public T Read<T>(long index)
        where T : unmanaged => MemoryMarshal.Read<T>(Array.AsSpan(Start + (int)(index * Unsafe.SizeOf<T>())));

    public bool Bit(long index) => ((Array[Start + (int)(index >> 3)] >> (int)(index & 7)) & 1) != 0;

    /// <summary>Bytes that are asked for by numbers of the data.</summary>
    public ReadOnlySpan<byte> Part(long start, long length) => start >= 0 && length >= 0 && start <= Length - length
        ? Array.AsSpan(Start + (int)start, (int)length)
        : throw ArrowFaults.Damaged("a value leads out of its buffer");

    /// <summary>The same buffer, if so many items are in it.</summary>
    public ByteSlice Holding(Int128 items, int itemBits) => Length >= ((items * itemBits) + 7) / 8
        ? this
        : throw ArrowFaults.Damaged("a buffer is shorter than its values");
}
