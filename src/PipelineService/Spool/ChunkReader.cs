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
/// Stage 3: follows the decoded bytes of one upload while it grows, cuts them at record ends and feeds the channel.
/// </summary>
public sealed class ChunkReader(
    IDecodedBytes upload,
    RecordScanner scanner,
    ChunkFeed feed,
    SpoolOptions options,
    int recordBytesMax,
    TimeProvider time)
{
    /// <summary>Bytes of a record over the limit that are kept: it cannot be mended from its beginning, only be recognised.</summary>
    private const int OversizedBytesKept = 16 << 10;

    private ChunkPosition _position;

    /// <summary>Reads the ranges in order and returns when their last chunk has been handed over.</summary>
    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    /// <exception cref="DocumentBrokenException">Its records cannot be told apart; those before have been handed over.</exception>
    public async Task RunAsync(IReadOnlyList<UncoveredRange> ranges, CancellationToken cancellationToken)
    {
        using UploadWindow window = new(upload, scanner, feed, options, recordBytesMax, time);
        foreach (UncoveredRange range in ranges)
        {
            await window.MoveToAsync(range.Start, cancellationToken);
            _position = range.Position;
            await ReadAsync(window, range.End, cancellationToken);
        }
    }

    private async Task ReadAsync(UploadWindow window, long? end, CancellationToken cancellationToken)
    {
        while (true)
        {
            // 1. Fill: until the buffer is full, the range ends, or what is there has waited long enough.
            bool isEnd = await window.FillAsync(end + scanner.BytesBehind, cancellationToken);
            if (window.Offset == end || (window.Bytes.IsEmpty && isEnd))
            {
                return; // what may be at hand belongs to the next chunk, and told that the last record is whole
            }

            bool isFinal = isEnd && IsFinal(window, end);

            // 2. Cut: as many whole records as a chunk may have.
            ScanResult scan = window.Scan(isFinal);

            // 3. Hand over, or find out why there is no whole record.
            if (scan.Length > 0)
            {
                await HandOverAsync(window, scan, cancellationToken);
            }
            else if (scan.Fault is { } fault)
            {
                throw Broken(window, fault);
            }
            else if (scan.IsAtTail)
            {
                await ReadTailAsync(window, cancellationToken);
            }
            else if (scan.RecordTooLong)
            {
                await SkipOversizedRecordAsync(window, end, cancellationToken);
            }
            else if (window.IsFull)
            {
                window.Grow();
            }
            else if (isEnd)
            {
                throw new InvalidOperationException($"The scanner leaves {window.Bytes.Length} bytes at the end of the upload.");
            }
        }
    }

    private async Task HandOverAsync(UploadWindow window, ScanResult scan, CancellationToken cancellationToken)
    {
        // A chunk of blank lines has no record; it goes the same way, so that the checkpoints cover every byte.
        ChunkExtent extent = new()
        {
            StartOffset = window.Offset,
            StartAsSent = window.IsTranscoded ? window.OffsetAsSent : null,
            EndOffset = window.Offset + scan.Length,
            Position = _position,
            Records = scan.Records,
            Lines = scan.Lines,
        };
        await feed.SendAsync(extent, window.Take(scan.Length), scan.Length, cancellationToken);
        _position = new ChunkPosition(_position.FirstRecord + scan.Records, _position.FirstLine + scan.Lines);
    }

    /// <summary>
    /// The record that starts here has a line over the limit: its beginning becomes a chunk of its own, to be rejected, and
    /// the rest of the line is read past without being kept.
    /// </summary>
    private async Task SkipOversizedRecordAsync(UploadWindow window, long? end, CancellationToken cancellationToken)
    {
        RecordSkip? skip = scanner.BeginSkip();
        int length = skip is null ? window.LengthOfLine() : window.Bytes.Length;
        bool hasLineEnd = length < window.Bytes.Length;
        int recordStart = scanner.StartOf(window.Bytes);
        int kept = Math.Min(length, recordStart + Math.Min(feed.RawBytesMax, OversizedBytesKept));
        byte[] beginning = feed.Rent(kept);
        window.Bytes[..kept].CopyTo(beginning);
        (long start, long startAsSent) = (window.Offset, window.OffsetAsSent);
        long lines = 1;
        try
        {
            if (skip is null)
            {
                await SkipLineAsync(window, end, cancellationToken);
            }
            else
            {
                lines = await SkipRecordAsync(window, skip, end, cancellationToken);
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
            StartAsSent = window.IsTranscoded ? startAsSent : null,
            EndOffset = window.Offset,
            Position = _position,
            Records = 1,
            Lines = lines,
            IsOversizedRecord = true,
            RecordStart = recordStart,
            IsCut = kept < (hasLineEnd ? length : window.Offset - start),
        };
        await feed.SendAsync(extent, beginning, kept, cancellationToken);
        _position = new ChunkPosition(_position.FirstRecord + 1, _position.FirstLine + lines);
    }

    /// <returns>Lines that end in what was skipped.</returns>
    private async Task<long> SkipRecordAsync(
        UploadWindow window, RecordSkip skip, long? end, CancellationToken cancellationToken)
    {
        long lines = 0;
        while (true)
        {
            int passed = skip.Pass(window.Bytes, IsFinal(window, end), out bool isOver, out FramingFault? fault);
            if (fault is { } broken)
            {
                throw Broken(window, broken, lines);
            }

            lines += skip.LinesIn(window.Bytes[..passed], isOver);
            window.Drop(passed);
            if (isOver)
            {
                return lines;
            }

            await window.FillAsync(end + scanner.BytesBehind, cancellationToken);
        }
    }

    /// <summary>
    /// No record follows: what does is read to the end of the upload, and becomes a chunk of its own without bytes, so that the
    /// checkpoints cover every byte.
    /// </summary>
    private async Task ReadTailAsync(UploadWindow window, CancellationToken cancellationToken)
    {
        DocumentTail tail = scanner.BeginTail() ?? throw new InvalidOperationException("The scanner has found a tail and reads none.");
        long start = window.Offset;
        long lines = 0;
        bool isFinal;
        do
        {
            isFinal = await window.ReadMoreAsync(cancellationToken);
            int read = tail.Read(window.Bytes, isFinal, out FramingFault? fault);
            bool isStuck = read == 0 && !isFinal && window.IsFull;
            fault ??= isStuck && window.Bytes.Length > recordBytesMax ? new FramingFault(FramingFaultKind.TokenTooLong, 0) : null;
            if (fault is { } broken)
            {
                throw Broken(window, broken, lines);
            }

            lines += window.Bytes[..read].Count((byte)'\n');
            window.Drop(read);
            if (isStuck)
            {
                window.Grow();
            }
        }
        while (!isFinal);

        ChunkExtent extent = new()
        {
            StartOffset = start,
            EndOffset = window.Offset,
            Position = _position,
            Records = 0,
            Lines = lines,
        };
        await feed.SendAsync(extent, feed.Rent(1), length: 0, cancellationToken);
        _position = _position with { FirstLine = _position.FirstLine + lines };
    }

    /// <summary>Whether no record of the range, and nothing that parts it from the next, follows the bytes at hand.</summary>
    private bool IsFinal(UploadWindow window, long? end) => (end is null || scanner.BytesBehind == 0) && window.IsEnd(end);

    /// <param name="passed">Lines that end in the record or the tail before the bytes at hand.</param>
    private DocumentBrokenException Broken(UploadWindow window, FramingFault fault, long passed = 0) => new(
        fault.Kind,
        window.OffsetAsSent + window.LengthAsSent(fault.Position),
        _position.FirstLine + passed + window.Bytes[..fault.Position].Count((byte)'\n'),
        _position.FirstRecord - 1,
        window.Bytes[fault.Position..]);

    private static async Task SkipLineAsync(UploadWindow window, long? end, CancellationToken cancellationToken)
    {
        while (true)
        {
            bool isFinal = window.IsEnd(end);
            int skipped = window.ScanLine(isFinal);
            if (skipped > 0 || isFinal)
            {
                window.Drop(skipped == 0 ? window.Bytes.Length : skipped);
                return;
            }

            window.DropPassed();
            await window.FillAsync(end, cancellationToken);
        }
    }
}
