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
    public async Task RunAsync(IReadOnlyList<UncoveredRange> ranges, CancellationToken cancellationToken)
    {
        using UploadWindow window = new(upload, scanner, feed, options, recordBytesMax, time);
        foreach (UncoveredRange range in ranges)
        {
            window.MoveTo(range.Start);
            _position = range.Position;
            await ReadAsync(window, range.End, cancellationToken);
        }
    }

    private async Task ReadAsync(UploadWindow window, long? end, CancellationToken cancellationToken)
    {
        while (true)
        {
            // 1. Fill: until the buffer is full, the range ends, or what is there has waited long enough.
            bool isFinal = await window.FillAsync(end, cancellationToken);
            if (window.Bytes.IsEmpty && isFinal)
            {
                return;
            }

            // 2. Cut: as many whole records as a chunk may have.
            ScanResult scan = window.Scan(isFinal);

            // 3. Hand over, or find out why there is no whole record.
            if (scan.Length > 0)
            {
                await HandOverAsync(window, scan, cancellationToken);
            }
            else if (scan.RecordTooLong)
            {
                await SkipOversizedRecordAsync(window, end, cancellationToken);
            }
            else if (window.IsFull)
            {
                window.Grow();
            }
            else if (isFinal)
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
        int length = window.LengthOfLine();
        bool hasLineEnd = length < window.Bytes.Length;
        int kept = Math.Min(length, Math.Min(feed.RawBytesMax, OversizedBytesKept));
        byte[] beginning = feed.Rent(kept);
        window.Bytes[..kept].CopyTo(beginning);
        long start = window.Offset;
        try
        {
            await SkipLineAsync(window, end, cancellationToken);
        }
        catch
        {
            feed.Return(beginning);
            throw;
        }

        ChunkExtent extent = new()
        {
            StartOffset = start,
            EndOffset = window.Offset,
            Position = _position,
            Records = 1,
            Lines = 1,
            IsOversizedRecord = true,
            IsCut = kept < (hasLineEnd ? length : window.Offset - start),
        };
        await feed.SendAsync(extent, beginning, kept, cancellationToken);
        _position = new ChunkPosition(_position.FirstRecord + 1, _position.FirstLine + 1);
    }

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
