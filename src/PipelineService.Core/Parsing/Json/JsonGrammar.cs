using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// The grammar of JSON (RFC 8259) and nothing else: what strings and numbers mean is looked at by others. Each function is told
/// where something begins and tells where it ends, or <see cref="Malformed"/>.
/// </summary>
/// <remarks>
/// Positions go in and out by value, so that those of a caller stay in registers. Not Utf8JsonReader: that one throws on
/// malformed text, which costs ten thousand times a value, and bad data must not cost more than good. The text is known to be
/// valid UTF-8, or looked at for it elsewhere.
/// </remarks>
internal static class JsonGrammar
{
    /// <summary>Deepest nesting that is taken; the limit of the JSON readers of .NET.</summary>
    public const int DepthMax = 64;

    /// <summary>What stands there is not what it must be.</summary>
    public const int Malformed = -1;

    private const int BlockBytes = 32;

    /// <summary>The byte at a position, which tells what begins there; 0 at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ByteAt(ReadOnlySpan<byte> json, int position) =>
        (uint)position < (uint)json.Length ? json[position] : (byte)0;

    /// <summary>Where the blanks end that may begin at a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EndOfBlanks(ReadOnlySpan<byte> json, int position)
    {
        while (ByteAt(json, position) is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            position++;
        }

        return position;
    }

    /// <summary>Where the text of a string ends: at its closing quotation mark.</summary>
    /// <param name="json">The text.</param>
    /// <param name="start">Where the text of the string begins, behind the opening one.</param>
    /// <param name="isEscaped">Whether there are escapes in it; they are well-formed.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EndOfText(ReadOnlySpan<byte> json, int start, out bool isEscaped)
    {
        isEscaped = false;
        int end = EndOfPlainText(json, start);
        return ByteAt(json, end) == '"' ? end : EndOfEscapedText(json, end, out isEscaped);
    }

    /// <summary>
    /// Where a number ends, which is stricter than those of a number field: no plus, no leading zero, digits around the point.
    /// </summary>
    public static int EndOfNumber(ReadOnlySpan<byte> json, int start)
    {
        int whole = ByteAt(json, start) == '-' ? start + 1 : start;
        int end = EndOfDigits(json, whole);
        if (end == whole || (end > whole + 1 && json[whole] == '0'))
        {
            return Malformed;
        }

        if (ByteAt(json, end) == '.')
        {
            int fraction = end + 1;
            end = EndOfDigits(json, fraction);
            if (end == fraction)
            {
                return Malformed;
            }
        }

        return ByteAt(json, end) is (byte)'e' or (byte)'E' ? EndOfExponent(json, end + 1) : end;
    }

    /// <summary>Where a word such as <c>true</c> ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EndOfLiteral(ReadOnlySpan<byte> json, int start, ReadOnlySpan<byte> literal) =>
        json[start..].StartsWith(literal) ? start + literal.Length : Malformed;

    /// <summary>Where a value of any kind ends.</summary>
    /// <param name="json">The text.</param>
    /// <param name="start">Where the value begins.</param>
    /// <param name="depth">How many objects and arrays it stands in.</param>
    public static int EndOfValue(ReadOnlySpan<byte> json, int start, int depth) => ByteAt(json, start) switch
    {
        (byte)'"' => EndOfString(json, start),
        (byte)'{' => EndOfMembers(json, start, (byte)'}', depth + 1),
        (byte)'[' => EndOfMembers(json, start, (byte)']', depth + 1),
        (byte)'t' => EndOfLiteral(json, start, "true"u8),
        (byte)'f' => EndOfLiteral(json, start, "false"u8),
        (byte)'n' => EndOfLiteral(json, start, "null"u8),
        _ => EndOfNumber(json, start),
    };

    /// <summary>Where a name's string, the colon and the blanks around it end.</summary>
    /// <param name="json">The text.</param>
    /// <param name="start">Where the opening quotation mark must be.</param>
    /// <param name="length">Bytes of the name as written, which begins behind that.</param>
    /// <param name="isEscaped">Whether there are escapes in it.</param>
    public static int EndOfName(ReadOnlySpan<byte> json, int start, out int length, out bool isEscaped)
    {
        length = 0;
        isEscaped = false;
        int end = ByteAt(json, start) == '"' ? EndOfText(json, start + 1, out isEscaped) : Malformed;
        if (end == Malformed)
        {
            return Malformed;
        }

        length = end - start - 1;
        int colon = EndOfBlanks(json, end + 1);
        return ByteAt(json, colon) == ':' ? EndOfBlanks(json, colon + 1) : Malformed;
    }

    private static int EndOfString(ReadOnlySpan<byte> json, int start)
    {
        int end = EndOfText(json, start + 1, out _);
        return end == Malformed ? Malformed : end + 1;
    }

    private static int EndOfMembers(ReadOnlySpan<byte> json, int start, byte closing, int depth)
    {
        if (depth > DepthMax)
        {
            return Malformed;
        }

        int position = EndOfBlanks(json, start + 1);
        if (ByteAt(json, position) == closing)
        {
            return position + 1;
        }

        while (true)
        {
            int value = closing == '}' ? EndOfName(json, position, out _, out _) : position;
            int end = value == Malformed ? Malformed : EndOfValue(json, value, depth);
            if (end == Malformed)
            {
                return Malformed;
            }

            position = EndOfBlanks(json, end);
            byte found = ByteAt(json, position);
            if (found != ',')
            {
                return found == closing ? position + 1 : Malformed;
            }

            position = EndOfBlanks(json, position + 1);
        }
    }

    private static int EndOfExponent(ReadOnlySpan<byte> json, int start)
    {
        int digits = ByteAt(json, start) is (byte)'+' or (byte)'-' ? start + 1 : start;
        int end = EndOfDigits(json, digits);
        return end == digits ? Malformed : end;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EndOfDigits(ReadOnlySpan<byte> json, int position)
    {
        while ((uint)ByteAt(json, position) - '0' <= 9)
        {
            position++;
        }

        return position;
    }

    /// <param name="json">The text.</param>
    /// <param name="position">Where the first byte that is not plain stands.</param>
    /// <param name="isEscaped">Always.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int EndOfEscapedText(ReadOnlySpan<byte> json, int position, out bool isEscaped)
    {
        isEscaped = true;
        while (position < json.Length && json[position] != '"')
        {
            // A control character must be escaped, so it is malformed as an escape is not.
            int escape = JsonEscape.LengthOf(json[position..]);
            if (escape == 0)
            {
                return Malformed;
            }

            position = EndOfPlainText(json, position + escape);
        }

        return position < json.Length ? position : Malformed;
    }

    /// <summary>
    /// Where the first quotation mark, backslash or control character stands from a position on, or the end. By blocks: of a text
    /// of usual length one, without a call. The last block overlaps the one before.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EndOfPlainText(ReadOnlySpan<byte> json, int position)
    {
        ref byte start = ref MemoryMarshal.GetReference(json);
        for (; json.Length - position >= BlockBytes; position += BlockBytes)
        {
            uint ends = EndsIn(ref Unsafe.Add(ref start, position));
            if (ends != 0)
            {
                return position + BitOperations.TrailingZeroCount(ends);
            }
        }

        return EndOfPlainTail(json, position);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int EndOfPlainTail(ReadOnlySpan<byte> json, int position)
    {
        if (json.Length >= BlockBytes)
        {
            int block = json.Length - BlockBytes;
            ulong ends = (ulong)EndsIn(ref Unsafe.Add(ref MemoryMarshal.GetReference(json), block)) >> (position - block);
            return ends == 0 ? json.Length : position + BitOperations.TrailingZeroCount(ends);
        }

        while (position < json.Length && json[position] is >= 0x20 and not ((byte)'"' or (byte)'\\'))
        {
            position++;
        }

        return position;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint EndsIn(ref byte block)
    {
        var bytes = Vector256.LoadUnsafe(ref block);
        return (Vector256.Equals(bytes, Vector256.Create((byte)'"'))
            | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
            | Vector256.LessThan(bytes, Vector256.Create((byte)0x20))).ExtractMostSignificantBits();
    }
}
