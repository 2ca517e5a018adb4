using System.Runtime.CompilerServices;

namespace PipelineService.Core.Compression;

/// <summary>
/// A Huffman code of DEFLATE as a table: the next bits of the stream, lowest first, are the index of what they mean. Codes longer than
/// the table's own bits lead to a second table behind it.
/// </summary>
/// <remarks>
/// An entry holds the length of its code (bits 0 to 3), how many extra bits follow it (4 to 7), what it is (8 to 10) and its value
/// (16 to 31). The construction is that of zlib's <c>inftrees.c</c>, and so is which incomplete codes are taken: only those of one symbol.
/// </remarks>
/// <param name="bits">How many bits the first table is looked up by.</param>
/// <param name="symbolsMax">How many symbols a code may have.</param>
/// <param name="entriesMax">
/// How many entries the tables of any code of so many symbols have together: what zlib's <c>enough</c> says, or more.
/// </param>
internal sealed class HuffmanTable(int bits, int symbolsMax, int entriesMax)
{
    public const uint Literal = 0, Base = 1 << 8, End = 2 << 8, Second = 3 << 8, Invalid = 4 << 8, KindMask = 7 << 8;

    /// <summary>Bits of the longest code.</summary>
    public const int LengthMax = 15;

    private readonly ushort[] _sorted = new ushort[symbolsMax];

    /// <summary>The first table, and behind it the second ones.</summary>
    private readonly uint[] _entries = new uint[entriesMax];

    public ref uint First => ref _entries[0];

    /// <summary>Makes the table of a code.</summary>
    /// <param name="lengths">Of each symbol's code; 0 for a symbol that does not occur.</param>
    /// <param name="meaning">What each symbol is: an entry but for the length of its code.</param>
    /// <returns>False when there is no such code.</returns>
    public bool TryBuild(ReadOnlySpan<byte> lengths, ReadOnlySpan<uint> meaning)
    {
        Span<int> counts = stackalloc int[LengthMax + 1];
        counts.Clear();
        foreach (byte length in lengths)
        {
            counts[length]++;
        }

        counts[0] = 0;
        (int left, int longest) = (1, 0);
        for (int length = 1; length <= LengthMax; length++)
        {
            left = (left << 1) - counts[length];
            longest = counts[length] > 0 ? length : longest;
            if (left < 0)
            {
                return false; // more codes than there is room for
            }
        }

        if (left > 0 && longest > 1)
        {
            return false; // bits that mean nothing
        }

        _entries.AsSpan(0, 1 << bits).Fill(Invalid | 1);
        Fill(Sort(lengths, counts), lengths, meaning, counts);
        return true;
    }

    /// <summary>What bits mean, at most 15 of them: the entry, whose length is that of the whole code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Find(ulong next)
    {
        uint entry = Unsafe.Add(ref First, (nint)(next & ((1u << bits) - 1)));
        if ((entry & KindMask) == Second)
        {
            uint more = (entry >> 4) & 15;
            entry = _entries[(entry >> 16) + ((next >> bits) & ((1u << (int)more) - 1))];
        }

        return entry;
    }

    /// <summary>Those that occur, by the length of their codes and then by their number: in the order of the codes.</summary>
    private ReadOnlySpan<ushort> Sort(ReadOnlySpan<byte> lengths, ReadOnlySpan<int> counts)
    {
        Span<int> next = stackalloc int[LengthMax + 2];
        next[1] = 0;
        for (int length = 1; length <= LengthMax; length++)
        {
            next[length + 1] = next[length] + counts[length];
        }

        int total = next[LengthMax + 1];
        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            if (lengths[symbol] > 0)
            {
                _sorted[next[lengths[symbol]]++] = (ushort)symbol;
            }
        }

        return _sorted.AsSpan(0, total);
    }

    private void Fill(
        ReadOnlySpan<ushort> sorted, ReadOnlySpan<byte> lengths, ReadOnlySpan<uint> meaning, Span<int> counts)
    {
        (uint code, int free, int second, int secondBits) = (0, 1 << bits, -1, 0);
        uint prefix = uint.MaxValue;
        foreach (ushort symbol in sorted)
        {
            int length = lengths[symbol];
            uint entry = meaning[symbol] | (uint)length;
            if (length <= bits)
            {
                Repeat(_entries, (int)code, 1 << length, 1 << bits, entry);
            }
            else
            {
                if ((code & ((1u << bits) - 1)) != prefix)
                {
                    prefix = code & ((1u << bits) - 1);
                    (second, secondBits) = (free, BitsOfSecond(length, counts));
                    free += 1 << secondBits;
                    _entries.AsSpan(second, 1 << secondBits).Fill(Invalid | 1);
                    _entries[prefix] = Second | (uint)(secondBits << 4) | ((uint)second << 16);
                }

                Repeat(_entries.AsSpan(second), (int)(code >> bits), 1 << (length - bits), 1 << secondBits, entry);
            }

            counts[length]--;
            code = Next(code, length);
        }
    }

    /// <summary>How large a second table has to be that begins with a code of this length: until its codes fill it.</summary>
    private int BitsOfSecond(int length, ReadOnlySpan<int> counts)
    {
        int more = length - bits, left = 1 << more;
        while (more + bits < LengthMax)
        {
            left -= counts[more + bits];
            if (left <= 0)
            {
                break;
            }

            more++;
            left <<= 1;
        }

        return more;
    }

    private static void Repeat(Span<uint> table, int from, int step, int end, uint entry)
    {
        for (int i = from; i < end; i += step)
        {
            table[i] = entry;
        }
    }

    /// <summary>The next code of this length or a longer one, its bits the other way round: as they come in the stream.</summary>
    private static uint Next(uint code, int length)
    {
        uint bit = 1u << (length - 1);
        while ((code & bit) != 0)
        {
            bit >>= 1;
        }

        return bit == 0 ? 0 : (code & (bit - 1)) | bit;
    }
}
