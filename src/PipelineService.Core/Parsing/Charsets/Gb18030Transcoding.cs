using System.Text;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Charsets;

/// <summary>GB18030: what GBK has in a byte or two, and all else of Unicode in four, which count through it.</summary>
internal sealed class Gb18030Transcoding : PairTranscoding
{
    private const int QuadBytes = 4;

    /// <summary>Numbers of the four bytes that are characters of the basic plane: those up to U+FFFF that no pair has.</summary>
    private const int BasicQuads = 39_420;

    /// <summary>The number with which U+10000 begins.</summary>
    private const int SupplementaryStart = 189_000;

    private readonly char[] _quads = new char[BasicQuads];

    public Gb18030Transcoding(TextEncoding encoding)
        : base(encoding)
    {
        CodeTable table = new(encoding);
        for (int number = 0; number < _quads.Length; number++)
        {
            _quads[number] = table.CharOf(
                (byte)(0x81 + (number / 12_600)),
                (byte)(0x30 + (number / 1_260 % 10)),
                (byte)(0x81 + (number / 10 % 126)),
                (byte)(0x30 + (number % 10)));
        }
    }

    /// <inheritdoc/>
    protected override int TakeOther(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int made)
    {
        made = 0;
        bool mayBeQuad = source[0] is >= 0x81 and <= 0xFE
            && (source.Length < 2 || source[1] is >= 0x30 and <= 0x39)
            && (source.Length < 3 || source[2] is >= 0x81 and <= 0xFE)
            && (source.Length < 4 || source[3] is >= 0x30 and <= 0x39);
        if (mayBeQuad && source.Length < QuadBytes && !isLast)
        {
            return 0;
        }

        if (mayBeQuad && source.Length >= QuadBytes && RuneOf(source) is { } rune)
        {
            made = rune.EncodeToUtf8(destination);
            return QuadBytes;
        }

        return base.TakeOther(source, isLast, destination, out made);
    }

    /// <inheritdoc/>
    protected override int LengthOfOther(Rune rune) => QuadBytes;

    private Rune? RuneOf(ReadOnlySpan<byte> quad)
    {
        int number = (((((quad[0] - 0x81) * 10) + quad[1] - 0x30) * 126) + quad[2] - 0x81) * 10 + quad[3] - 0x30;
        return number < BasicQuads ? (_quads[number] == CodeTable.None ? null : new Rune(_quads[number]))
            : number >= SupplementaryStart && Rune.TryCreate(number - SupplementaryStart + 0x10000, out Rune rune) ? rune
            : null;
    }
}
