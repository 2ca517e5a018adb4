namespace PipelineService.Spool.Decoding;

/// <summary>
/// Undoes one compression of a stream, piece by piece, and checks all that the form lets it check. Bytes of the source that it leaves
/// are given again, with those that follow them.
/// </summary>
internal abstract class StreamDecoder : IDisposable
{
    /// <summary>Whether the data may end where the bytes taken so far end.</summary>
    public abstract bool MayEnd { get; }

    /// <summary>Decodes until there is something in the destination, or nothing more can be made of the source.</summary>
    /// <param name="isLast">Whether nothing follows the source.</param>
    /// <param name="destination">Not empty.</param>
    /// <param name="consumed">Bytes of the source that are taken.</param>
    /// <returns>Bytes in the destination; 0 when more of the source is needed.</returns>
    /// <exception cref="DecodingException">It cannot be decoded.</exception>
    public abstract int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed);

    public abstract void Dispose();
}
