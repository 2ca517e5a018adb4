using PipelineService.Core.Compression;

namespace PipelineService.Spool.Decoding;

/// <summary>What gzip and zlib have in common: DEFLATE between a header and a trailer with a checksum.</summary>
internal abstract class InflatingDecoder : StreamDecoder
{
    private readonly Inflater _inflater = new();
    private bool _isInBody;

    public sealed override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        consumed = 0;
        while (true)
        {
            if (!_isInBody)
            {
                bool isRead = TryReadFrame(source[consumed..], consumed, out int taken);
                consumed += taken;
                if (!isRead)
                {
                    return 0;
                }

                _inflater.Reset();
                _isInBody = true;
            }

            int written = _inflater.Decode(source[consumed..], destination, out int inflated);
            consumed += inflated;
            Check(destination[..written]);
            if (_inflater.Fault != InflateFault.None)
            {
                throw new DecodingException(DecodingFault.Damaged, Words(_inflater.Fault), consumed);
            }

            _isInBody = !_inflater.IsDone;
            if (written > 0 || _isInBody)
            {
                return written;
            }
        }
    }

    public sealed override void Dispose() => _inflater.Dispose();

    /// <summary>Whether the body of a member is being read.</summary>
    protected bool IsInBody => _isInBody;

    /// <summary>Reads what stands before, between and behind the bodies, as far as it is there.</summary>
    /// <param name="offset">Where the source is in the piece that is being decoded.</param>
    /// <param name="taken">Bytes of it.</param>
    /// <returns>Whether a body follows.</returns>
    protected abstract bool TryReadFrame(ReadOnlySpan<byte> source, int offset, out int taken);

    /// <summary>Adds decoded bytes to the checksum.</summary>
    protected abstract void Check(ReadOnlySpan<byte> decoded);

    private static string Words(InflateFault fault) => fault switch
    {
        InflateFault.UnknownBlock => "a block is of an unknown kind",
        InflateFault.StoredLength => "the length of a block does not match its check",
        InflateFault.TooFarBack => "a match reaches back to before the start",
        InflateFault.UnknownSymbol => "a code stands for nothing",
        _ => "the codes of a block are wrong",
    };
}
