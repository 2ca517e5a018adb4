namespace PipelineService.Core.Parsing;

/// <summary>The mark that some programs put before UTF-8 text. It is no part of the first record.</summary>
public static class ByteOrderMark
{
    /// <summary>EF BB BF.</summary>
    public static ReadOnlySpan<byte> Utf8 => [0xEF, 0xBB, 0xBF];

    /// <summary>How many bytes of mark the data starts with: 3 or 0.</summary>
    /// <param name="start">The first bytes of the data: at least three unless there are fewer.</param>
    public static int LengthIn(ReadOnlySpan<byte> start) => start.StartsWith(Utf8) ? Utf8.Length : 0;
}
