using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// Where a converter writes: the file that the service has made for it, and reads meanwhile. So no byte goes through the service before it is
/// read. Of each piece that is written it tells how much there is now and its checksum (<see cref="ConversionDigest"/>), and it is ahead of
/// what the service has heard by no more than some pieces.
/// </summary>
/// <param name="file">Open for writing, and empty; null for nowhere.</param>
/// <param name="told">What the service listens to.</param>
internal sealed class ConversionOutput(SafeFileHandle? file, Stream told) : Stream
{
    /// <summary>Pieces that are written and that the service has not heard of yet.</summary>
    private const int AheadMax = 16;

    private readonly XxHash128 _hash = new();
    private readonly object _heard = new();
    private readonly byte[] _digest = new byte[ConversionDigest.WrittenBytes];
    private long _length;
    private int _ahead;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <summary>Does all but write.</summary>
    public static ConversionOutput Nowhere() => new(file: null, Null);

    /// <summary>The service has heard of a piece.</summary>
    public void Acknowledge()
    {
        lock (_heard)
        {
            _ahead--;
            Monitor.Pulse(_heard);
        }
    }

    /// <exception cref="UnwritableException">The disk does not take it.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return;
        }

        WaitUntilHeard();
        try
        {
            if (file is not null)
            {
                RandomAccess.Write(file, buffer, _length);
            }
        }
        catch (IOException e)
        {
            throw new UnwritableException(e.Message);
        }

        _hash.Append(buffer);
        _length += buffer.Length;
        BinaryPrimitives.WriteInt64LittleEndian(_digest, _length);
        _hash.GetCurrentHash(_digest.AsSpan(sizeof(long)));
        told.Write(_digest);
        told.Flush();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>What is written is there; it need not outlive a power cut.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void WaitUntilHeard()
    {
        lock (_heard)
        {
            while (_ahead >= AheadMax)
            {
                Monitor.Wait(_heard);
            }

            _ahead++;
        }
    }
}

/// <summary>What is made cannot be written.</summary>
internal sealed class UnwritableException(string message) : Exception(message);
