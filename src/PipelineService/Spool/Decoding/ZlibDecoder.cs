using System.Buffers.Binary;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Undoes the content coding <c>deflate</c>, which is the zlib form (RFC 1950). DEFLATE alone, which some senders take it for, is
/// refused: it has no checksum, so that damage would pass.
/// </summary>
internal sealed class ZlibDecoder : InflatingDecoder
{
    private const int HeaderBytes = 2, TrailerBytes = 4;
    private const byte HasDictionary = 0x20;

    private readonly Adler32 _adler = new();
    private Part _part;

    private enum Part
    {
        Header,
        Trailer,
        End,
    }

    public override bool MayEnd => _part == Part.End;

    protected override void Check(ReadOnlySpan<byte> decoded) => _adler.Append(decoded);

    protected override bool TryReadFrame(ReadOnlySpan<byte> source, int offset, out int taken)
    {
        taken = 0;
        switch (_part)
        {
            case Part.Header when source.Length >= HeaderBytes:
                ReadHeader(source, offset);
                (taken, _part) = (HeaderBytes, Part.Trailer);
                return true;
            case Part.Trailer when source.Length >= TrailerBytes:
                if (BinaryPrimitives.ReadUInt32BigEndian(source) != _adler.Value)
                {
                    throw new DecodingException(DecodingFault.Damaged, "its checksum (Adler-32) is wrong", offset);
                }

                (taken, _part) = (TrailerBytes, Part.End);
                return TryReadFrame(source[TrailerBytes..], offset + TrailerBytes, out _);
            case Part.End when !source.IsEmpty:
                throw new DecodingException(DecodingFault.Damaged, "behind its end follows something else", offset);
            default:
                return false;
        }
    }

    private static void ReadHeader(ReadOnlySpan<byte> source, int offset)
    {
        if ((source[0] & 0x8F) != 8 || BinaryPrimitives.ReadUInt16BigEndian(source) % 31 != 0)
        {
            throw new DecodingException(
                DecodingFault.Damaged,
                "it does not begin with a zlib header (RFC 1950), which `deflate` has; without one there is no checksum: send gzip",
                offset);
        }

        if ((source[1] & HasDictionary) != 0)
        {
            throw new DecodingException(DecodingFault.Unsupported, "it needs a dictionary that nobody has given", offset + 1);
        }
    }
}
