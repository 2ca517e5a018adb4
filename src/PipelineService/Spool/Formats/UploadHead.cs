using PipelineService.Core.Parsing;

namespace PipelineService.Spool.Formats;

/// <summary>The first bytes of an upload, read on as they arrive and given up from the front.</summary>
/// <param name="upload">What was sent.</param>
/// <param name="offset">Where to begin: behind a byte order mark, or with none.</param>
/// <param name="bytesMax">Bytes at hand at most.</param>
internal sealed class UploadHead(IDecodedBytes upload, long offset, int bytesMax)
{
    private const int BytesFirst = 4 << 10;

    private byte[] _buffer = new byte[Math.Min(BytesFirst, bytesMax)];
    private int _filled;

    /// <summary>Where the first of the bytes at hand is in the upload.</summary>
    public long Offset { get; private set; } = offset;

    /// <summary>Where that is in the text as it was sent.</summary>
    public long OffsetAsSent { get; private set; } = upload.Text?.LengthOf(ByteOrderMark.Utf8[..(int)offset]) ?? offset;

    /// <summary>Lines that end before the bytes at hand.</summary>
    public long Lines { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _filled);

    /// <summary>Whether no byte follows those at hand.</summary>
    public bool IsFinal { get; private set; }

    /// <summary>Waits for more bytes, or the end of the upload.</summary>
    /// <returns>False when as many are at hand as may be.</returns>
    public async Task<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        if (_filled == _buffer.Length)
        {
            if (_filled == bytesMax)
            {
                return false;
            }

            Array.Resize(ref _buffer, (int)Math.Min(bytesMax, _buffer.Length * 2L));
        }

        bool hasMore = await upload.WaitForBytesAsync(Offset + _filled, cancellationToken);
        upload.ThrowIfAbandoned();
        _filled += hasMore ? await upload.ReadAsync(_buffer.AsMemory(_filled), Offset + _filled, cancellationToken) : 0;
        IsFinal = !hasMore;
        return true;
    }

    /// <summary>How long some of the bytes at hand were as they were sent.</summary>
    public long LengthAsSent(int length) => upload.Text?.LengthOf(Bytes[..length]) ?? length;

    /// <summary>Gives the first bytes up.</summary>
    public void Pass(int count)
    {
        Lines += Bytes[..count].Count((byte)'\n');
        OffsetAsSent += LengthAsSent(count);
        _buffer.AsSpan(count, _filled - count).CopyTo(_buffer);
        _filled -= count;
        Offset += count;
    }
}
