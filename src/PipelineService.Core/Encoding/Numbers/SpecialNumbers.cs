namespace PipelineService.Core.Encoding.Numbers;

/// <summary>The numbers that have no digits.</summary>
internal enum SpecialNumber
{
    None,
    NaN,
    PositiveInfinity,
    NegativeInfinity,
}

/// <summary>
/// How the special numbers are written: exactly so, says https://datapackage.org/standard/table-schema/#number. The other
/// spellings that PostgreSQL knows (<c>infinity</c>, <c>nan</c>) are not numbers here.
/// </summary>
internal static class SpecialNumbers
{
    public static SpecialNumber KindOf(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("NaN"u8))
        {
            return SpecialNumber.NaN;
        }

        if (text.SequenceEqual("INF"u8))
        {
            return SpecialNumber.PositiveInfinity;
        }

        return text.SequenceEqual("-INF"u8) ? SpecialNumber.NegativeInfinity : SpecialNumber.None;
    }
}
