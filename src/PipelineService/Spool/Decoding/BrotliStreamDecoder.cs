using System.Buffers;
using System.IO.Compression;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Undoes Brotli (RFC 7932), of which nothing may be missing and which nothing may follow. Its windows are of 16 MiB at most: the
/// larger ones of another format are no Brotli to the decoder. It has no checksum.
/// </summary>
internal sealed class BrotliStreamDecoder : StreamDecoder
{
    private BrotliDecoder _decoder;
    private bool _isDone;

    public override bool MayEnd => _isDone;

    public override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        (consumed, int written) = (0, 0);
        if (!_isDone)
        {
            OperationStatus status = _decoder.Decompress(source, destination, out consumed, out written);
            if (status == OperationStatus.InvalidData)
            {
                throw new DecodingException(DecodingFault.Damaged, "it is no Brotli, or damaged", consumed);
            }

            _isDone = status == OperationStatus.Done;
        }

        return _isDone && written == 0 && consumed < source.Length
            ? throw new DecodingException(DecodingFault.Damaged, "behind its end follows something else", consumed)
            : written;
    }

    public override void Dispose() => _decoder.Dispose();
}
