using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Charsets;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Makes UTF-8 of text in another encoding, behind all decompression. It takes and gives whole characters, so that what was taken is
/// known to be what was given whenever it has returned.
/// </summary>
internal sealed class TextDecoder(Transcoding text) : StreamDecoder
{
    private Transcoding _text = text;
    private bool _hasBegun;

    public override bool MayEnd => true;

    public override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        consumed = 0;
        if (!_hasBegun)
        {
            if (source.Length < ForeignContent.BytesLooked && !isLast)
            {
                return 0;
            }

            _text = _text.Begin(source[..Math.Min(source.Length, ForeignContent.BytesLooked)], out string? fault);
            if (fault is not null)
            {
                throw new DecodingException(DecodingFault.OtherText, fault, offset: 0);
            }

            _hasBegun = true;
        }

        return _text.Transcode(source, isLast, destination, out consumed);
    }

    public override void Dispose()
    {
    }
}
