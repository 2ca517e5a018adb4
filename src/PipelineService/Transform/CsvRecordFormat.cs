using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Transform;

/// <summary>Delimited text, with or without a header record.</summary>
public sealed class CsvRecordFormat(RowPlan rows, CsvDialect dialect, int recordBytesMax) : RecordFormat(rows, recordBytesMax)
{
    /// <summary>Lines of a header that are each looked at as they come.</summary>
    private const int ScansMax = 64;

    /// <summary>Characters of a name that is not loaded.</summary>
    private const int KeptNameLengthMax = 256;

    public override async Task<RecordsStart> FindStartAsync(
        SpoolUpload upload, Guid jobId, CancellationToken cancellationToken)
    {
        int mark = await ReadByteOrderMarkAsync(upload, cancellationToken);
        if (!dialect.Header)
        {
            return Start(CsvHeaderBinding.ByPosition(Rows.Definition.Schema), mark, new ChunkPosition(1, 1), jobId);
        }

        (byte[] header, ScanResult scan) = await ReadHeaderAsync(upload, mark, cancellationToken);
        ImmutableArray<string> names = CsvHeader.Read(header.AsSpan(0, scan.Length), dialect, RecordBytesMax, out string? fault);
        CsvHeaderBinding? binding = fault is null
            ? CsvHeaderBinding.ByName(names, Rows.Definition.Schema, out fault)
            : null;
        return binding is null
            ? throw Mismatch(fault!)
            : Start(binding, mark + scan.Length, new ChunkPosition(1, 1 + scan.Lines), jobId) with
            {
                Columns = Kept(names),
            };
    }

    /// <summary>
    /// The names as the job keeps them. One that no field reads is cut: it may be as long as a record.
    /// </summary>
    private string[] Kept(ImmutableArray<string> names)
    {
        HashSet<string> read = [.. Rows.Definition.Schema.Fields.Select(field => field.NameInData)];
        return [.. names.Select(name => read.Contains(name) ? name : Excerpt.Cut(name, KeptNameLengthMax))];
    }

    private RecordsStart Start(CsvHeaderBinding binding, long offset, ChunkPosition position, Guid jobId) => new(
        offset,
        position,
        new CsvRecordScanner(dialect, RecordBytesMax, binding.SkipBlankLines),
        new CsvChunkTransform(Rows, binding, dialect, RecordBytesMax, jobId));

    /// <summary>Reads the first record, waiting for it to arrive.</summary>
    private async Task<(byte[] Bytes, ScanResult Scan)> ReadHeaderAsync(
        SpoolUpload upload, int start, CancellationToken cancellationToken)
    {
        CsvRecordScanner scanner = new(dialect, RecordBytesMax, skipBlankLines: true);
        byte[] buffer = new byte[4096];
        (int filled, int scanned, int scans) = (0, 0, 0);
        while (true)
        {
            bool hasMore = await upload.WaitForBytesAsync(start + filled, cancellationToken);
            upload.ThrowIfAbandoned();
            if (hasMore)
            {
                filled += await upload.ReadAsync(buffer.AsMemory(filled), start + filled, cancellationToken);
            }

            if (hasMore && filled < buffer.Length && !MayEnd(buffer.AsSpan(scanned, filled - scanned), scanned, scans))
            {
                continue;
            }

            (scanned, scans) = (Math.Max(0, filled - 1), scans + 1); // a CR that comes last may end the header or not
            ScanResult scan = scanner.Scan(buffer.AsSpan(0, filled), isFinal: !hasMore, recordsMax: 1);
            if (scan.Records == 1)
            {
                return (buffer, scan);
            }

            if (scan.RecordTooLong)
            {
                throw Mismatch($"The header is longer than {RecordBytesMax} bytes, the limit of a record.");
            }

            if (!hasMore)
            {
                throw Mismatch("The upload is empty: there is no header.");
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    /// <summary>
    /// Whether a header that trickles in is worth looking through from its start once more: a line has ended, and when
    /// many have ended in quotes so far, an eighth more has come. So all looks together cost no more than a few.
    /// </summary>
    internal static bool MayEnd(ReadOnlySpan<byte> added, int scanned, int scans) =>
        added.IndexOfAny((byte)'\n', (byte)'\r') >= 0 && (scans < ScansMax || added.Length > scanned / 8);

    private static JobFaultException Mismatch(string detail) => new(new Problem
    {
        Code = "header_mismatch",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The header does not fit the dataset's schema.",
        Detail = detail,
    });
}
