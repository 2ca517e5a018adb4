using PipelineService.Core.Parsing;
using PipelineService.Transform;

namespace PipelineService.Spool;

/// <summary>
/// The bytes of an upload that the chunk reader has at hand: read on as the upload grows, and given up from the front. The buffer is
/// rented, and grows only for a record longer than a chunk.
/// </summary>
internal sealed class UploadWindow(
    IDecodedBytes upload, RecordScanner scanner, ChunkFeed feed, SpoolOptions options, int recordBytesMax, TimeProvider time) : IDisposable
{
    private byte[] _buffer = feed.Rent(options.ChunkBytes);
    private int _filled;

    /// <summary>When the first of the bytes at hand came.</summary>
    private long _since;

    /// <summary>Where the first of the bytes at hand is in the upload.</summary>
    public long Offset { get; private set; }

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _filled);

    public bool IsFull => _filled == _buffer.Length;

    private int RecordsMax { get; } = options.RecordsMaxOf(feed.OptionalColumns);

    /// <summary>Where that is in the text as it was sent, if it is transcoded; else the same.</summary>
    public long OffsetAsSent { get; private set; }

    /// <summary>Whether the text is transcoded.</summary>
    public bool IsTranscoded => upload.Text is not null;

    /// <summary>Goes elsewhere in the upload, with nothing at hand.</summary>
    public async Task MoveToAsync(long offset, CancellationToken cancellationToken)
    {
        (Offset, _filled) = (offset, 0);
        OffsetAsSent = await upload.FindAsSentAsync(offset, cancellationToken);
    }

    /// <summary>How long some of the bytes at hand were as they were sent.</summary>
    public long LengthAsSent(int length) => upload.Text?.LengthOf(Bytes[..length]) ?? length;

    /// <summary>What the scanner makes of the bytes at hand.</summary>
    /// <param name="isFinal">Whether none follows them.</param>
    public ScanResult Scan(bool isFinal) => scanner.Scan(Bytes, isFinal, RecordsMax);

    /// <summary>How many of the bytes at hand are the first line's, its line end included; 0 when it does not end here.</summary>
    /// <inheritdoc cref="Scan" path="/param"/>
    public int ScanLine(bool isFinal) => scanner.SkipLine(Bytes, isFinal);

    /// <summary>Gives up what comes before the end of a line that does not end here, and keeps what may be half of that.</summary>
    public void DropPassed() => Drop(scanner.PassedBy(Bytes));

    /// <summary>How long the first line is without its line end, which is at hand or not.</summary>
    public int LengthOfLine()
    {
        int line = ScanLine(isFinal: false);
        return line == 0 ? _filled : scanner.WithoutLineEnd(Bytes[..line]).Length;
    }

    /// <summary>
    /// Reads on: until the buffer is full, the range ends, or there are whole records of which the first has waited long enough.
    /// </summary>
    /// <param name="end">Where the range ends; null for the end of the upload.</param>
    /// <returns>True when no byte follows those at hand.</returns>
    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    public async Task<bool> FillAsync(long? end, CancellationToken cancellationToken)
    {
        while (true)
        {
            long next = Offset + _filled;
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
            if (IsEnd(end))
            {
                return true;
            }

            if (await WaitForMoreAsync(next, cancellationToken))
            {
                return false;
            }
        }
    }

    /// <summary>Reads on, whatever the scanner would make of it: as soon as there is something, unless the buffer is full.</summary>
    /// <returns>True when no byte follows those at hand.</returns>
    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    public async Task<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        while (!IsFull)
        {
            long next = Offset + _filled;
            int read = await upload.ReadAsync(_buffer.AsMemory(_filled), next, cancellationToken);
            _filled += read;
            upload.ThrowIfAbandoned();
            if (read > 0 || IsEnd(end: null))
            {
                break;
            }

            await upload.WaitForBytesAsync(next, cancellationToken);
        }

        return IsEnd(end: null);
    }

    /// <summary>Whether no byte follows those at hand, as far as that is known.</summary>
    /// <inheritdoc cref="FillAsync" path="/param[@name='end']"/>
    public bool IsEnd(long? end) => Offset + _filled == end || upload.IsEnd(Offset + _filled);

    /// <summary>Takes the first bytes out together with their buffer; the others stay at hand in another.</summary>
    public byte[] Take(int length)
    {
        byte[] full = _buffer;
        int tail = _filled - length;
        OffsetAsSent += LengthAsSent(length);
        byte[] next = feed.Rent(Math.Max(options.ChunkBytes, tail));
        full.AsSpan(length, tail).CopyTo(next);
        _buffer = next;
        _filled = tail;
        _since = time.GetTimestamp();
        Offset += length;
        return full;
    }

    /// <summary>Gives the first bytes up.</summary>
    public void Drop(int length)
    {
        OffsetAsSent += LengthAsSent(length);
        _buffer.AsSpan(length, _filled - length).CopyTo(_buffer);
        _filled -= length;
        Offset += length;
    }

    /// <summary>A record longer than a chunk but within its limit: the buffer grows to hold it.</summary>
    public void Grow()
    {
        long largest = (long)recordBytesMax + options.ChunkBytes;
        if (_buffer.Length >= largest)
        {
            throw new InvalidOperationException("The scanner found neither a record nor one that is too long.");
        }

        byte[] larger = feed.Rent((int)Math.Min(largest, _buffer.Length * 2L));
        Bytes.CopyTo(larger);
        feed.Return(_buffer);
        _buffer = larger;
    }

    public void Dispose() => feed.Return(_buffer);

    /// <summary>
    /// Nothing more for now. Bytes at hand wait until the first of them has the chunk's age, then are cut as they are.
    /// </summary>
    /// <returns>True when they are to be cut.</returns>
    private async Task<bool> WaitForMoreAsync(long next, CancellationToken cancellationToken)
    {
        TimeSpan patience = options.ChunkAgeMax - time.GetElapsedTime(_since);
        if (_filled > 0 && patience > TimeSpan.Zero && await WaitAtMostAsync(next, patience, cancellationToken))
        {
            return false;
        }

        if (_filled > 0 && Scan(isFinal: false) is { Length: > 0 } or { RecordTooLong: true } or { IsAtTail: true } or { Fault: not null })
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
}
