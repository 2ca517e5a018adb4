using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>Counts bytes of UTF-8 by what they are in it.</summary>
internal static class Utf8Length
{
    /// <summary>Bytes that begin a character or a mark: all but continuations.</summary>
    public static int CountStarts(ReadOnlySpan<byte> text)
    {
        int count = 0;
        ref byte start = ref MemoryMarshal.GetReference(text);
        int i = 0;
        for (; i <= text.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var block = Vector256.LoadUnsafe(ref start, (nuint)i).AsSByte();
            count += BitOperations.PopCount(Vector256.GreaterThan(block, Vector256.Create((sbyte)-65)).ExtractMostSignificantBits());
        }

        for (; i < text.Length; i++)
        {
            count += (text[i] & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }

    /// <summary>Bytes from a value on.</summary>
    public static int CountFrom(ReadOnlySpan<byte> text, byte least)
    {
        int count = 0;
        ref byte start = ref MemoryMarshal.GetReference(text);
        int i = 0;
        for (; i <= text.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var block = Vector256.LoadUnsafe(ref start, (nuint)i);
            count += BitOperations.PopCount(
                Vector256.GreaterThanOrEqual(block, Vector256.Create(least)).ExtractMostSignificantBits());
        }

        for (; i < text.Length; i++)
        {
            count += text[i] >= least ? 1 : 0;
        }

        return count;
    }
}
