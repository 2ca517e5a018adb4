using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where an object, an array or a string ends, by its brackets and quotation marks alone: one that is malformed in any other
/// way ends where it would if it were not, so that it costs no neighbour. The value may come in pieces.
/// </summary>
/// <remarks>
/// By blocks of 64 bytes, as simdjson finds them (https://arxiv.org/abs/1902.08318, section 3.1): which quotation marks are escaped,
/// then what lies between those that are not, then the brackets outside. Only the brackets are looked at one by one.
/// </remarks>
/// <param name="first">The byte that the value begins with: a bracket, a brace or a quotation mark.</param>
internal struct JsonBalance(byte first)
{
    /// <summary>The value goes on behind the bytes at hand.</summary>
    public const int Open = -1;

    /// <summary>A bracket closes what another kind of bracket has opened: nobody knows where the value ends.</summary>
    public const int Broken = -2;

    private const int BlockBytes = 64;
    private const ulong EvenBits = 0x5555_5555_5555_5555;

    private readonly bool _isText = first == '"';

    /// <summary>The open brackets, the innermost in the lowest bit: 1 for an array.</summary>
    private ulong _arrays;
    private int _depth;

    /// <summary>Some brackets are nested deeper than there are bits; then only their number counts.</summary>
    private bool _isDeep;

    /// <summary>All bits set inside a string.</summary>
    private ulong _inText;

    /// <summary>1 when the last byte was a backslash that escapes the next.</summary>
    private ulong _escapes;

    /// <summary>Where the bracket stands that makes the value <see cref="Broken"/>.</summary>
    public int BrokenAt { get; private set; }

    /// <summary>Walks on through the value.</summary>
    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="position">Where the value begins, or goes on.</param>
    /// <returns>Where it ends, or <see cref="Open"/>, or <see cref="Broken"/>.</returns>
    public int EndIn(ReadOnlySpan<byte> bytes, int position)
    {
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        for (; bytes.Length - position >= BlockBytes; position += BlockBytes)
        {
            int end = EndInBlock(ref Unsafe.Add(ref start, position), BlockBytes);
            if (end != Open)
            {
                return Placed(end, position);
            }
        }

        int rest = bytes.Length - position;
        if (rest == 0)
        {
            return Open;
        }

        Span<byte> last = stackalloc byte[BlockBytes];
        last.Clear();
        bytes[position..].CopyTo(last);
        return Placed(EndInBlock(ref MemoryMarshal.GetReference(last), rest), position);
    }

    /// <param name="block">64 bytes.</param>
    /// <param name="count">How many of them count; the others are 0.</param>
    private int EndInBlock(ref byte block, int count)
    {
        var first = Vector256.LoadUnsafe(ref block);
        var second = Vector256.LoadUnsafe(ref block, 32);
        ulong quotes = Bits(Vector256.Equals(first, Quote), Vector256.Equals(second, Quote));
        ulong backslashes = Bits(Vector256.Equals(first, Backslash), Vector256.Equals(second, Backslash));
        ulong brackets = Bits(AreBrackets(first), AreBrackets(second));
        if ((backslashes | _escapes) != 0)
        {
            quotes &= ~Escaped(backslashes, count);
        }

        ulong texts = Parity(quotes) ^ _inText;
        _inText = (ulong)((long)texts >> 63);
        brackets &= ~texts;
        if (_isText)
        {
            ulong closing = quotes & ~texts;
            return closing == 0 ? Open : BitOperations.TrailingZeroCount(closing) + 1;
        }

        for (; brackets != 0; brackets &= brackets - 1)
        {
            int at = BitOperations.TrailingZeroCount(brackets);
            if (!TryTake(Unsafe.Add(ref block, at)))
            {
                BrokenAt = at;
                return Broken;
            }

            if (_depth == 0)
            {
                return at + 1;
            }
        }

        return Open;
    }

    /// <summary>Opens or closes one level.</summary>
    private bool TryTake(byte bracket)
    {
        ulong isArray = bracket < '{' ? 1UL : 0; // [ and ] come before { and }
        if (bracket is (byte)'{' or (byte)'[')
        {
            _arrays = (_arrays << 1) | isArray;
            _isDeep |= ++_depth > 64;
            return true;
        }

        bool isPair = _isDeep || (_arrays & 1) == isArray;
        _arrays >>= 1;
        _depth--;
        return isPair;
    }

    /// <summary>The bytes that a backslash before them makes text of.</summary>
    private ulong Escaped(ulong backslashes, int count)
    {
        backslashes &= ~_escapes;
        ulong follows = (backslashes << 1) | _escapes;
        ulong oddStarts = backslashes & ~EvenBits & ~follows;
        ulong evenRuns = unchecked(oddStarts + backslashes);
        ulong overflow = evenRuns < oddStarts ? 1UL : 0;
        ulong escaped = (EvenBits ^ (evenRuns << 1)) & follows;
        _escapes = count == BlockBytes ? overflow : (escaped >> count) & 1;
        return escaped;
    }

    private int Placed(int end, int position)
    {
        BrokenAt += end == Broken ? position : 0;
        return end < 0 ? end : position + end;
    }

    private static Vector256<byte> Quote => Vector256.Create((byte)'"');

    private static Vector256<byte> Backslash => Vector256.Create((byte)'\\');

    /// <summary>Brackets and braces differ in one bit from each other, and in no other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> AreBrackets(Vector256<byte> bytes)
    {
        Vector256<byte> braces = bytes | Vector256.Create((byte)0x20);
        return Vector256.Equals(braces, Vector256.Create((byte)'{')) | Vector256.Equals(braces, Vector256.Create((byte)'}'));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(Vector256<byte> first, Vector256<byte> second) =>
        first.ExtractMostSignificantBits() | ((ulong)second.ExtractMostSignificantBits() << 32);

    /// <summary>Each bit the exclusive or of all up to it: set from an opening quotation mark to before the closing one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Parity(ulong bits)
    {
        bits ^= bits << 1;
        bits ^= bits << 2;
        bits ^= bits << 4;
        bits ^= bits << 8;
        bits ^= bits << 16;
        return bits ^ (bits << 32);
    }
}
