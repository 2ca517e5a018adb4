using System.Buffers.Binary;
using System.IO.Hashing;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Undoes gzip (RFC 1952): any number of members, one behind the other, each with its checksum and length, and nothing else between
/// or behind them.
/// </summary>
internal sealed class GzipDecoder : InflatingDecoder
{
    private const int HeaderBytes = 10, TrailerBytes = 8;
    private const byte HasHeaderCrc = 2, HasExtra = 4, HasName = 8, HasComment = 16, Reserved = 0xE0;

    private readonly Crc32 _crc = new();
    private readonly Crc32 _headerCrc = new();
    private Part _part = Part.Start;
    private byte _flags;
    private int _extra;
    private uint _length;
    private bool _hasMember;

    /// <summary>Whether the name or comment that was read last is at its end.</summary>
    private bool _hasText;

    private enum Part
    {
        Start,
        ExtraLength,
        Extra,
        Name,
        Comment,
        HeaderCrc,
        Trailer,
    }

    public override bool MayEnd => _hasMember && !IsInBody && _part == Part.Start;

    protected override void Check(ReadOnlySpan<byte> decoded)
    {
        _crc.Append(decoded);
        _length += (uint)decoded.Length;
    }

    protected override bool TryReadFrame(ReadOnlySpan<byte> source, int offset, out int taken)
    {
        taken = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = source[taken..];
            int read = Read(rest, offset + taken);
            if (read < 0)
            {
                return false;
            }

            _headerCrc.Append(rest[..read]);
            taken += read;
            if (Advance())
            {
                _length = 0;
                _crc.Reset();
                return true;
            }
        }
    }

    /// <summary>Reads the part at hand, or of one of any length some.</summary>
    /// <returns>Bytes read; −1 when it is not there.</returns>
    private int Read(ReadOnlySpan<byte> source, int offset)
    {
        switch (_part)
        {
            case Part.Start:
                return ReadHeader(source, offset);
            case Part.ExtraLength:
                _extra = source.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(source);
                return source.Length < 2 ? -1 : 2;
            case Part.Extra:
                int read = Math.Min(_extra, source.Length);
                _extra -= read;
                return read == 0 && _extra > 0 ? -1 : read;
            case Part.Name or Part.Comment:
                int end = source.IndexOf((byte)0);
                _hasText = end >= 0;
                return source.IsEmpty ? -1 : end < 0 ? source.Length : end + 1;
            case Part.HeaderCrc:
                return ReadHeaderCrc(source, offset);
            default:
                return ReadTrailer(source, offset);
        }
    }

    /// <summary>Goes on to the next part that this member has.</summary>
    /// <returns>Whether its body is next.</returns>
    private bool Advance()
    {
        switch (_part)
        {
            case Part.Trailer:
                _part = Part.Start;
                return false;
            case Part.Extra when _extra > 0:
            case Part.Name or Part.Comment when !_hasText:
                return false;
            default:
                break;
        }

        do
        {
            _part++;
        }
        while (_part < Part.Trailer && !Has(_part));
        return _part == Part.Trailer;
    }

    private bool Has(Part part) => part switch
    {
        Part.ExtraLength or Part.Extra => (_flags & HasExtra) != 0,
        Part.Name => (_flags & HasName) != 0,
        Part.Comment => (_flags & HasComment) != 0,
        _ => (_flags & HasHeaderCrc) != 0,
    };

    private int ReadHeader(ReadOnlySpan<byte> source, int offset)
    {
        if (source.Length > 0 && (source[0] != 0x1F || (source.Length > 1 && source[1] != 0x8B)))
        {
            throw new DecodingException(
                DecodingFault.Damaged,
                _hasMember ? "behind its end follows what is no gzip" : "it does not begin as gzip does",
                offset);
        }

        if (source.Length < HeaderBytes)
        {
            return -1;
        }

        _flags = source[3];
        if (source[2] != 8 || (_flags & Reserved) != 0)
        {
            throw new DecodingException(DecodingFault.Damaged, "the header of a member has a method or flags that nobody knows", offset);
        }

        _headerCrc.Reset();
        return HeaderBytes;
    }

    private int ReadHeaderCrc(ReadOnlySpan<byte> source, int offset)
    {
        if (source.Length < 2)
        {
            return -1;
        }

        return BinaryPrimitives.ReadUInt16LittleEndian(source) == (ushort)_headerCrc.GetCurrentHashAsUInt32()
            ? 2
            : throw new DecodingException(DecodingFault.Damaged, "the checksum of a header is wrong", offset);
    }

    private int ReadTrailer(ReadOnlySpan<byte> source, int offset)
    {
        if (source.Length < TrailerBytes)
        {
            return -1;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != _crc.GetCurrentHashAsUInt32())
        {
            throw new DecodingException(DecodingFault.Damaged, "its checksum (CRC-32) is wrong", offset);
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(source[4..]) != _length)
        {
            throw new DecodingException(DecodingFault.Damaged, "its length is not the one that its trailer says", offset + 4);
        }

        _hasMember = true;
        return TrailerBytes;
    }
}
