using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Parsing;

/// <summary>
/// Short text as one machine word, first byte lowest, so that all of its bytes are looked at with one instruction. What comes
/// in columns is mostly that short, and a loop over few bytes costs more by its mispredicted end than by its steps.
/// </summary>
internal static class TextWord
{
    /// <summary>The longest text that a word holds.</summary>
    public const int BytesMax = sizeof(ulong);

    /// <summary>The top bit of each byte.</summary>
    public const ulong TopBits = 0x8080_8080_8080_8080;

    /// <summary>The lowest bit of each byte; multiplied by a byte, that byte everywhere.</summary>
    public const ulong LowBits = 0x0101_0101_0101_0101;

    /// <summary>Added to a byte, sets its top bit if it is 10 or more.</summary>
    private const ulong AboveNine = 0x7676_7676_7676_7676;

    private const ulong HashFactor = 0x9E37_79B9_7F4A_7C15;

    /// <summary>The word of a text of at most <see cref="BytesMax"/> bytes; zeros where it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> text)
    {
        int length = text.Length;
        if (length >= sizeof(uint))
        {
            // Both halves are the same bytes where they overlap.
            ulong head = BinaryPrimitives.ReadUInt32LittleEndian(text);
            ulong tail = BinaryPrimitives.ReadUInt32LittleEndian(text[(length - sizeof(uint))..]);
            return head | (tail << ((length - sizeof(uint)) * 8));
        }

        // Of one byte or two, some of the three are the same.
        int middle = length >> 1;
        return length == 0 ? 0
            : text[0] | ((ulong)text[middle] << (middle * 8)) | ((ulong)text[length - 1] << ((length - 1) * 8));
    }

    /// <summary>Whether all is ASCII and no NUL, as in most short text, which is told without a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsShortAscii(ReadOnlySpan<byte> text)
    {
        if (text.Length <= BytesMax)
        {
            // Behind the text are zeros, which are no NUL of it. Borrows come only from what is refused anyway.
            ulong word = Of(text);
            ulong refused = ((word - LowBits) | word) & TopBits;
            return refused == 0 || BitOperations.TrailingZeroCount(refused) >= text.Length * 8;
        }

        if (text.Length > 2 * BytesMax)
        {
            return false;
        }

        // As signed bytes, NUL and all that are not ASCII are the same: less than one.
        var bytes = Vector128.Create(
            BinaryPrimitives.ReadUInt64LittleEndian(text),
            BinaryPrimitives.ReadUInt64LittleEndian(text[^BytesMax..])).AsSByte();
        return !Vector128.LessThanAny(bytes, Vector128<sbyte>.One);
    }

    /// <summary>Whether each byte is a number from 0 to 9: a digit less the digit zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreDigits(ulong numbers) => (((numbers + AboveNine) | numbers) & TopBits) == 0;

    /// <summary>Reads a text that is nothing but digits.</summary>
    /// <param name="word">The word of the text.</param>
    /// <param name="length">How long the text is, 1 to 8.</param>
    /// <param name="value">The whole number that it is.</param>
    /// <remarks>
    /// Source: Johnny Lee's and Wojciech Muła's ways, as in simdjson's parse_eight_digits_unrolled: pairs, then fours, then all.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadDigits(ulong word, int length, out uint value)
    {
        const ulong Pairs = 0x0000_00FF_0000_00FF;
        const ulong FirstOfFours = 100 + (1_000_000UL << 32);
        const ulong SecondOfFours = 1 + (10_000UL << 32);

        // The last digit in the highest byte: the bytes that the text does not have are zeros before it.
        int shift = (BytesMax - length) * 8;
        ulong numbers = (word ^ (LowBits * '0')) << shift;
        ulong pairs = (numbers * 10) + (numbers >> 8);
        value = (uint)((((pairs & Pairs) * FirstOfFours) + (((pairs >> 16) & Pairs) * SecondOfFours)) >> 32);
        return AreDigits(numbers);
    }

    /// <summary>A hash of text of any length, for tables whose entries nobody can make many of.</summary>
    public static uint HashOf(ReadOnlySpan<byte> text)
    {
        ulong hash = (uint)text.Length;
        for (; text.Length > BytesMax; text = text[BytesMax..])
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * HashFactor;
            hash ^= hash >> 32;
        }

        hash = (hash ^ Of(text)) * HashFactor;
        return (uint)(hash >> 32);
    }
}
