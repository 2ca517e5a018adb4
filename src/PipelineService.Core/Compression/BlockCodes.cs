namespace PipelineService.Core.Compression;

/// <summary>The two codes of a block of DEFLATE: one of literals and lengths, and one of distances.</summary>
internal sealed class BlockCodes
{
    /// <summary>Bits that most literals and lengths have at most, so that one look finds them.</summary>
    public const int LiteralBits = 11;

    private const int DistanceBits = 9, LengthBits = 7;

    private readonly HuffmanTable _lengths = new(LengthBits, 19, entriesMax: 1 << LengthBits);
    private readonly byte[] _codeLengths = new byte[DeflateSymbols.LiteralsMax + DeflateSymbols.DistancesMax];

    public HuffmanTable Literals { get; } = new(LiteralBits, 288, entriesMax: 2_342);

    public HuffmanTable Distances { get; } = new(DistanceBits, 32, entriesMax: 1_024);

    /// <summary>Those of a block that brings none.</summary>
    public void SetFixed()
    {
        Literals.TryBuild(DeflateSymbols.FixedLiteralLengths, DeflateSymbols.Literals);
        Distances.TryBuild(DeflateSymbols.FixedDistanceLengths, DeflateSymbols.Distances);
    }

    /// <summary>Those that stand in front of a block. What it says does not count where the reader is not whole.</summary>
    public InflateFault Read(ref BitReader reader)
    {
        int literals = (int)reader.Read(5) + 257, distances = (int)reader.Read(5) + 1, lengths = (int)reader.Read(4) + 4;
        if (literals > DeflateSymbols.LiteralsMax || distances > DeflateSymbols.DistancesMax)
        {
            return InflateFault.TooManySymbols;
        }

        Span<byte> ofLengths = stackalloc byte[19];
        ofLengths.Clear();
        for (int i = 0; i < lengths; i++)
        {
            ofLengths[DeflateSymbols.LengthOrder[i]] = (byte)reader.Read(3);
        }

        if (!reader.IsWhole || !_lengths.TryBuild(ofLengths, DeflateSymbols.CodeLengths) || IsIncomplete(ofLengths))
        {
            return InflateFault.CodeLengths;
        }

        Span<byte> all = _codeLengths.AsSpan(0, literals + distances);
        for (int i = 0; i < all.Length;)
        {
            uint entry = _lengths.Find(reader.Peek());
            if ((entry & HuffmanTable.KindMask) == HuffmanTable.Invalid || !reader.TrySkip((int)(entry & 15)))
            {
                return InflateFault.CodeLengths;
            }

            int symbol = (int)(entry >> 16);
            if (symbol < 16)
            {
                all[i++] = (byte)symbol;
                continue;
            }

            (int repeats, byte repeated) = symbol switch
            {
                16 => (3 + (int)reader.Read(2), i > 0 ? all[i - 1] : (byte)255),
                17 => (3 + (int)reader.Read(3), (byte)0),
                _ => (11 + (int)reader.Read(7), (byte)0),
            };
            if (!reader.IsWhole || repeated == 255 || i + repeats > all.Length)
            {
                return InflateFault.CodeLengths;
            }

            all.Slice(i, repeats).Fill(repeated);
            i += repeats;
        }

        return all[DeflateSymbols.EndOfBlock] == 0 ? InflateFault.NoEndOfBlock
            : Literals.TryBuild(all[..literals], DeflateSymbols.Literals)
                && Distances.TryBuild(all[literals..], DeflateSymbols.Distances) ? InflateFault.None
            : InflateFault.CodeLengths;
    }

    /// <summary>The code of the code lengths may not even be one of one symbol, as zlib has it.</summary>
    private static bool IsIncomplete(ReadOnlySpan<byte> lengths)
    {
        int sum = 0;
        foreach (byte length in lengths)
        {
            sum += length == 0 ? 0 : 1 << (LengthBits - length);
        }

        return sum != 1 << LengthBits;
    }
}
