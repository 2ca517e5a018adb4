using ZstdSharp;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Decodes a buffer that is compressed with Zstandard, and of known content.</summary>
internal static class ZstdBuffer
{
    /// <exception cref="UnconvertibleException">It is damaged, or does not fill the destination.</exception>
    public static void Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        using Decompressor decompressor = new();
        try
        {
            if (decompressor.TryUnwrap(source, destination, out int written) && written == destination.Length)
            {
                return;
            }
        }
        catch (ZstdException)
        {
            // Told below.
        }

        throw ArrowFaults.Damaged("a buffer is not the Zstandard that it should be");
    }
}
