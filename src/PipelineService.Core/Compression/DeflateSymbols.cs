namespace PipelineService.Core.Compression;

/// <summary>The alphabets of DEFLATE (RFC 1951, 3.2.5 to 3.2.7), as entries of a <see cref="HuffmanTable"/>.</summary>
internal static class DeflateSymbols
{
    public const int LiteralsMax = 286, DistancesMax = 30, EndOfBlock = 256;

    private const int LengthsFrom = 257, LengthCodes = 29;

    /// <summary>Literal bytes, the end of a block, and lengths of matches.</summary>
    public static readonly uint[] Literals = MakeLiterals();

    /// <summary>Distances of matches.</summary>
    public static readonly uint[] Distances = MakeDistances();

    /// <summary>What tells the lengths of the other two codes; of these the value is all there is.</summary>
    public static readonly uint[] CodeLengths = [.. Enumerable.Range(0, 19).Select(symbol => (uint)symbol << 16)];

    public static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    public static readonly byte[] FixedLiteralLengths =
    [
        .. Enumerable.Repeat((byte)8, 144), .. Enumerable.Repeat((byte)9, 112), .. Enumerable.Repeat((byte)7, 24),
        .. Enumerable.Repeat((byte)8, 8),
    ];

    public static readonly byte[] FixedDistanceLengths = [.. Enumerable.Repeat((byte)5, 32)];

    private static uint[] MakeLiterals()
    {
        uint[] entries = new uint[288];
        for (uint symbol = 0; symbol < EndOfBlock; symbol++)
        {
            entries[symbol] = HuffmanTable.Literal | (symbol << 16);
        }

        entries[EndOfBlock] = HuffmanTable.End;
        uint length = 3;
        for (int code = 0; code < LengthCodes - 1; code++)
        {
            int extra = code < 8 ? 0 : (code - 4) / 4;
            entries[LengthsFrom + code] = HuffmanTable.Base | (uint)(extra << 4) | (length << 16);
            length += 1u << extra;
        }

        entries[LengthsFrom + LengthCodes - 1] = HuffmanTable.Base | (258u << 16);
        entries.AsSpan(LiteralsMax).Fill(HuffmanTable.Invalid);
        return entries;
    }

    private static uint[] MakeDistances()
    {
        uint[] entries = new uint[32];
        uint distance = 1;
        for (int code = 0; code < DistancesMax; code++)
        {
            int extra = code < 4 ? 0 : (code - 2) / 2;
            entries[code] = HuffmanTable.Base | (uint)(extra << 4) | (distance << 16);
            distance += 1u << extra;
        }

        entries.AsSpan(DistancesMax).Fill(HuffmanTable.Invalid);
        return entries;
    }
}
