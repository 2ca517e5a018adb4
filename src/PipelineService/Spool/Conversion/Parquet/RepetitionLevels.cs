using System.Numerics;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Which values of a column begin a row: those of level 0. Source: https://github.com/apache/parquet-format/blob/master/Encodings.md, "Run
/// Length Encoding / Bit-Packing Hybrid".
/// </summary>
internal static class RepetitionLevels
{
    /// <summary>As many bytes suffice for the first.</summary>
    public const int BytesLooked = 8;

    /// <param name="levels">Or as much of them as there is.</param>
    /// <param name="levelMax">The highest that there may be.</param>
    /// <returns>The first level; null where there is none.</returns>
    public static int? FirstOf(ReadOnlySpan<byte> levels, int levelMax)
    {
        int bits = 32 - BitOperations.LeadingZeroCount((uint)levelMax);
        uint run = 0;
        for (int shift = 0; shift < 32 && !levels.IsEmpty; shift += 7)
        {
            byte next = levels[0];
            levels = levels[1..];
            run |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return run >> 1 == 0 || levels.IsEmpty || bits > 8 ? null
                    : (run & 1) == 0 ? levels[0]
                    : levels[0] & ((1 << bits) - 1);
            }
        }

        return null;
    }
}
