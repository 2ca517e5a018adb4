using System.Buffers.Binary;
using ZstdSharp.Unsafe;

namespace PipelineService.Spool.Decoding;

/// <summary>
/// Undoes Zstandard (RFC 8878): any number of frames, one behind the other, those among them that are to be skipped, and nothing else.
/// A checksum is looked at where a frame has one.
/// </summary>
/// <remarks>
/// By the functions of the library and not by its stream, because only these tell where a frame ends, and what is wrong with it.
/// </remarks>
internal sealed unsafe class ZstdDecoder : StreamDecoder
{
    /// <summary>
    /// A window is of 8 MiB at most, which RFC 9659 asks of senders: <c>zstd --ultra</c> and <c>--long</c> make larger ones.
    /// </summary>
    internal const int WindowLogMax = 23;

    private const int MagicBytes = 4;
    private const uint Magic = 0xFD2F_B528, SkippableMagic = 0x184D_2A50, SkippableMask = 0xFFFF_FFF0;

    private ZSTD_DCtx_s* _context;
    private bool _isInFrame;
    private bool _hasFrame;

    /// <summary>Whether more may come of what was given already. It counts being asked in vain, and ends at the sixteenth time.</summary>
    private bool _mayHaveMore;

    public ZstdDecoder()
    {
        _context = Methods.ZSTD_createDCtx();
        if (_context == null)
        {
            throw new InsufficientMemoryException("There is no memory for another decoder.");
        }

        Methods.ZSTD_DCtx_setParameter(_context, ZSTD_dParameter.ZSTD_d_windowLogMax, WindowLogMax);
    }

    public override bool MayEnd => _hasFrame && !_isInFrame;

    public override int Decode(ReadOnlySpan<byte> source, bool isLast, Span<byte> destination, out int consumed)
    {
        ObjectDisposedException.ThrowIf(_context == null, this);
        consumed = 0;
        while (true)
        {
            ReadOnlySpan<byte> rest = source[consumed..];
            if (!_isInFrame)
            {
                ThrowUnlessFrame(rest, consumed);
            }

            if (_isInFrame ? rest.IsEmpty && !_mayHaveMore : rest.Length < MagicBytes)
            {
                return 0;
            }

            int written = Advance(rest, destination, ref consumed);
            if (written > 0 || (_isInFrame && consumed == source.Length))
            {
                return written;
            }
        }
    }

    public override void Dispose()
    {
        if (_context != null)
        {
            Methods.ZSTD_freeDCtx(_context);
            _context = null;
        }
    }

    private int Advance(ReadOnlySpan<byte> source, Span<byte> destination, ref int consumed)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            ZSTD_inBuffer_s input = new() { src = from, size = (nuint)source.Length };
            ZSTD_outBuffer_s output = new() { dst = to, size = (nuint)destination.Length };
            nuint result = Methods.ZSTD_decompressStream(_context, &output, &input);
            if (Methods.ZSTD_isError(result))
            {
                throw FaultOf(Methods.ZSTD_getErrorCode(result), consumed + (int)input.pos);
            }

            consumed += (int)input.pos;
            _isInFrame = result != 0;
            _hasFrame |= result == 0;
            _mayHaveMore = output.pos == output.size;
            return (int)output.pos;
        }
    }

    private void ThrowUnlessFrame(ReadOnlySpan<byte> source, int offset)
    {
        Span<byte> start = stackalloc byte[MagicBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(start, Magic);
        int looked = Math.Min(source.Length, MagicBytes);
        if (!source[..looked].SequenceEqual(start[..looked]) && !MayBeSkippable(source[..looked]))
        {
            throw new DecodingException(
                DecodingFault.Damaged,
                _hasFrame ? "behind its end follows what is no Zstandard" : "it does not begin as Zstandard does",
                offset);
        }
    }

    private static bool MayBeSkippable(ReadOnlySpan<byte> start)
    {
        Span<byte> whole = stackalloc byte[MagicBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(whole, SkippableMagic);
        start.CopyTo(whole);
        return (BinaryPrimitives.ReadUInt32LittleEndian(whole) & SkippableMask) == SkippableMagic;
    }

    private static DecodingException FaultOf(ZSTD_ErrorCode code, int offset) => code switch
    {
        ZSTD_ErrorCode.ZSTD_error_frameParameter_windowTooLarge => new DecodingException(
            DecodingFault.Unsupported,
            "it needs a window of more than 8 MiB (RFC 9659), as `zstd --ultra` and `--long` make: compress it without them",
            offset),
        ZSTD_ErrorCode.ZSTD_error_dictionary_wrong => new DecodingException(
            DecodingFault.Unsupported, "it needs a dictionary that nobody has given", offset),
        ZSTD_ErrorCode.ZSTD_error_memory_allocation => throw new InsufficientMemoryException("There is no memory for a window."),
        ZSTD_ErrorCode.ZSTD_error_checksum_wrong => new DecodingException(
            DecodingFault.Damaged, "its checksum (XXH64) is wrong", offset),
        _ => new DecodingException(
            DecodingFault.Damaged, $"Zstandard says: {Methods.ZSTD_getErrorString(code).ToLowerInvariant()}", offset),
    };
}
