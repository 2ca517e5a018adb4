namespace PipelineService.Spool.Decoding;

/// <summary>How much may come of what was sent.</summary>
/// <param name="BytesMax">Decoded bytes at most.</param>
/// <param name="RatioMax">Decoded bytes for each byte that was sent at most, from <paramref name="RatioFrom"/> of them on.</param>
/// <param name="RatioFrom">Decoded bytes from which on their ratio is looked at: less than that harms nobody.</param>
internal readonly record struct DecodingLimits(long BytesMax, int RatioMax, long RatioFrom)
{
    /// <param name="decoded">What has come of it at any step.</param>
    /// <param name="sent">Bytes sent of which it came.</param>
    /// <exception cref="DecodingException">It is too much.</exception>
    public void ThrowIfExceeded(long decoded, long sent)
    {
        if (decoded > BytesMax)
        {
            throw new DecodingException(
                DecodingFault.TooLarge, $"it decodes to more than {BytesMax} bytes (Spool:DecodedBytesMax)", offset: 0);
        }

        if (decoded > RatioFrom && decoded / RatioMax > sent)
        {
            throw new DecodingException(
                DecodingFault.TooLarge,
                $"{sent} bytes of it decode to {decoded}, which is more than {RatioMax} times as many (Spool:DecodedRatioMax)",
                offset: 0);
        }
    }
}
