using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms;
using PipelineService.Transform;

namespace PipelineService.Spool;

/// <summary>A range of an upload that no checkpoint covers: what remains to be loaded.</summary>
/// <param name="Start">Where it starts: a record's start.</param>
/// <param name="End">Where it ends, or null for the end of the upload.</param>
/// <param name="Position">The numbers of the record and line that start there.</param>
public readonly record struct UncoveredRange(long Start, long? End, ChunkPosition Position);

/// <summary>
/// Stage 3: follows the spool of one upload while it grows, cuts it at record ends and feeds the channel.
/// </summary>
public sealed class ChunkReader(
    SpoolUpload upload,
    RecordScanner scanner,
    ChunkFeed feed,
    SpoolOptions options,
    int recordBytesMax,
    TimeProvider time)
{
    /// <summary>Bytes of a record over the limit that are kept: it cannot be mended from its beginning, only be recognised.</summary>
    private const int OversizedBytesKept = 16 << 10;

    private byte[] _buffer = [];
    private int _filled;
    private long _offset;
    private ChunkPosition _position;
    private int _recordsMax;

    /// <summary>When the first of the bytes at hand came.</summary>
    private long _since;

    /// <summary>Reads the ranges in order and returns when their last chunk has been handed over.</summary>
    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    public async Task RunAsync(IReadOnlyList<UncoveredRange> ranges, CancellationToken cancellationToken)
    {
        _buffer = feed.Rent(options.ChunkBytes);
        _recordsMax = options.RecordsMaxOf(feed.OptionalColumns);
        try
        {
            foreach (UncoveredRange range in ranges)
            {
                await ReadRangeAsync(range, cancellationToken);
            }
        }
        finally
        {
            feed.Return(_buffer);
        }
    }

    private async Task ReadRangeAsync(UncoveredRange range, CancellationToken cancellationToken)
    {
        _offset = range.Start;
        _position = range.Position;
        _filled = 0;
        while (true)
        {
            // 1. Fill: until the buffer is full, the range ends, or what is there has waited long enough.
            bool isFinal = await FillAsync(range.End, cancellationToken);
            if (_filled == 0 && isFinal)
            {
                return;
            }

            // 2. Cut: as many whole records as a chunk may have.
            ScanResult scan = scanner.Scan(_buffer.AsSpan(0, _filled), isFinal, _recordsMax);

            // 3. Hand over, or find out why there is no whole record.
            if (scan.Length > 0)
            {
                await HandOverAsync(scan, cancellationToken);
            }
            else if (scan.RecordTooLong)
            {
                await SkipOversizedRecordAsync(range.End, cancellationToken);
            }
            else if (_filled == _buffer.Length)
            {
                Grow();
            }
            else if (isFinal)
            {
                throw new InvalidOperationException($"The scanner leaves {_filled} bytes at the end of the upload.");
            }
        }
    }

    /// <returns>True when no byte follows those in the buffer.</returns>
    private async Task<bool> FillAsync(long? end, CancellationToken cancellationToken)
    {
        while (true)
        {
            long next = _offset + _filled;
            if (next == end)
            {
                return true;
            }

            int room = (int)Math.Min(_buffer.Length - _filled, (end ?? long.MaxValue) - next);
            if (room == 0)
            {
                return false;
            }

            int read = await upload.ReadAsync(_buffer.AsMemory(_filled, room), next, cancellationToken);
            if (read > 0)
            {
                _since = _filled == 0 ? time.GetTimestamp() : _since;
                _filled += read;
                continue;
            }

            upload.ThrowIfAbandoned();

            if (upload.IsSealed && upload.Length == next)
            {
                return true;
            }

            if (await WaitForMoreAsync(next, cancellationToken))
            {
                return false;
            }
        }
    }

    /// <summary>
    /// Nothing more for now. Bytes in hand wait until the first of them has the chunk's age, then are cut as they are.
    /// </summary>
    /// <returns>True when they are to be cut.</returns>
    private async Task<bool> WaitForMoreAsync(long next, CancellationToken cancellationToken)
    {
        TimeSpan patience = options.ChunkAgeMax - time.GetElapsedTime(_since);
        if (_filled > 0 && patience > TimeSpan.Zero && await WaitAtMostAsync(next, patience, cancellationToken))
        {
            return false;
        }

        if (_filled > 0 && CanCut())
        {
            return true;
        }

        await upload.WaitForBytesAsync(next, cancellationToken);

        // A record that trickles in is looked through once in a chunk's age, not once for every packet.
        _since = time.GetTimestamp();
        return false;
    }

    /// <returns>False when the time was up first.</returns>
    private async Task<bool> WaitAtMostAsync(long offset, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var bytes = upload.WaitForBytesAsync(offset, timeout.Token).AsTask();
        var age = Task.Delay(patience, time, timeout.Token);
        bool hasBytes = await Task.WhenAny(bytes, age) == bytes;
        await timeout.CancelAsync();
        await Task.WhenAll(bytes, age).ContinueWith(static _ => { }, TaskScheduler.Default);
        cancellationToken.ThrowIfCancellationRequested();
        return hasBytes;
    }

    private bool CanCut()
    {
        ScanResult scan = scanner.Scan(_buffer.AsSpan(0, _filled), isFinal: false, _recordsMax);
        return scan.Length > 0 || scan.RecordTooLong;
    }

    private async Task HandOverAsync(ScanResult scan, CancellationToken cancellationToken)
    {
        byte[] full = _buffer;
        int tail = _filled - scan.Length;
        byte[] next = feed.Rent(Math.Max(options.ChunkBytes, tail));
        full.AsSpan(scan.Length, tail).CopyTo(next);
        _buffer = next;
        _filled = tail;
        _since = time.GetTimestamp();

        // A chunk of blank lines has no record; it goes the same way, so that the checkpoints cover every byte.
        ChunkExtent extent = new()
        {
            StartOffset = _offset,
            EndOffset = _offset + scan.Length,
            Position = _position,
            Records = scan.Records,
            Lines = scan.Lines,
        };
        await feed.SendAsync(extent, full, scan.Length, cancellationToken);
        Advance(scan.Length, scan.Records, scan.Lines);
    }

    /// <summary>
    /// The record that starts here has a line over the limit: its beginning becomes a chunk of its own, to be rejected, and
    /// the rest of the line is read past without being kept.
    /// </summary>
    private async Task SkipOversizedRecordAsync(long? end, CancellationToken cancellationToken)
    {
        int length = LengthOfLine();
        bool hasLineEnd = length < _filled;
        int kept = Math.Min(length, Math.Min(feed.RawBytesMax, OversizedBytesKept));
        byte[] beginning = feed.Rent(kept);
        _buffer.AsSpan(0, kept).CopyTo(beginning);
        long start = _offset;
        try
        {
            while (true)
            {
                bool isFinal = _offset + _filled == end || (upload.IsSealed && upload.Length == _offset + _filled);
                int skipped = scanner.SkipLine(_buffer.AsSpan(0, _filled), isFinal);
                if (skipped == 0 && !isFinal)
                {
                    // All but a last byte that may be half of a line end.
                    Drop(_filled - 1);
                    await FillAsync(end, cancellationToken);
                    continue;
                }

                Drop(skipped == 0 ? _filled : skipped);
                break;
            }
        }
        catch
        {
            feed.Return(beginning);
            throw;
        }

        ChunkExtent extent = new()
        {
            StartOffset = start,
            EndOffset = _offset,
            Position = _position,
            Records = 1,
            Lines = 1,
            IsOversizedRecord = true,
            IsCut = kept < (hasLineEnd ? length : _offset - start),
        };
        await feed.SendAsync(extent, beginning, kept, cancellationToken);
        _position = new ChunkPosition(_position.FirstRecord + 1, _position.FirstLine + 1);
    }

    /// <summary>How many of the bytes at hand are the first line's, without its line end: what follows is its neighbours'.</summary>
    private int LengthOfLine()
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(0, _filled);
        int line = scanner.SkipLine(bytes, isFinal: false);
        return line == 0 ? _filled : bytes[..line].TrimEnd("\r\n"u8).Length;
    }

    private void Drop(int bytes)
    {
        _buffer.AsSpan(bytes, _filled - bytes).CopyTo(_buffer);
        _filled -= bytes;
        _offset += bytes;
    }

    private void Advance(int bytes, int records, int lines)
    {
        _offset += bytes;
        _position = new ChunkPosition(_position.FirstRecord + records, _position.FirstLine + lines);
    }

    /// <summary>A record longer than a chunk but within its limit: the buffer grows to hold it.</summary>
    private void Grow()
    {
        long largest = (long)recordBytesMax + options.ChunkBytes;
        if (_buffer.Length >= largest)
        {
            throw new InvalidOperationException("The scanner found neither a record nor one that is too long.");
        }

        byte[] larger = feed.Rent((int)Math.Min(largest, _buffer.Length * 2L));
        _buffer.AsSpan(0, _filled).CopyTo(larger);
        feed.Return(_buffer);
        _buffer = larger;
    }
}

/// <summary>The upload that is being loaded broke off; what it loaded is to be rolled back.</summary>
public sealed class UploadAbandonedException : Exception
{
    public UploadAbandonedException()
        : base("The upload broke off.")
    {
    }

    public UploadAbandonedException(string message)
        : base(message)
    {
    }

    public UploadAbandonedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
