using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Transforms;

namespace PipelineService.Spool.Formats;

/// <summary>
/// One JSON array a line. Its items are named by the first of them, by the dataset, or go by position. Source:
/// https://datapackage.org/standard/table-dialect/#itemType.
/// </summary>
/// <param name="format">
/// What was sent. The rows of a file that was converted are named, whole, and stand for objects; the dataset's dialect is of text.
/// </param>
public sealed class JsonArrayRecordFormat(RowPlan rows, int recordBytesMax, DataFormat format = DataFormat.Ndjson) : NamedRecordFormat(rows, recordBytesMax)
{
    public override async Task<RecordsStart> FindStartAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        (TableSchema schema, CsvDialect dialect, JsonItems items) =
            (Rows.Definition.Schema, Rows.Definition.Dialect, Rows.Definition.Items);
        if (FormatTable.Of(format).IsConverted)
        {
            return await FindConvertedAsync(upload, job, defaults, cancellationToken);
        }

        ReadOnlyMemory<byte> first = await ReadFirstAsync(upload, ForeignContent.BytesLooked, cancellationToken);
        ThrowIfForeign(first.Span);
        int mark = ByteOrderMark.LengthIn(first.Span);
        if (!items.Keys.IsEmpty)
        {
            HeaderBinding named = Bind(items.Keys, isPersonal: false);
            return Start(named, mark, lines: 0, job, defaults) with { Columns = Kept(items.Keys, named, isPersonal: false) };
        }

        if (!dialect.Header)
        {
            return Start(HeaderBinding.ByPosition(schema), mark, lines: 0, job, defaults);
        }

        FirstLine line = await ReadFirstLineAsync(upload, mark, cancellationToken);
        ImmutableArray<string> names = JsonHeader.Read(line.Bytes.Span, out string? fault);
        names = fault is null ? HeaderNames.AsDeclared(names, schema, dialect.HeaderMatch) : throw Mismatch(fault);
        HeaderBinding binding = Bind(names, IsPersonal);
        return Start(binding, line.End, line.Number, job, defaults) with { Columns = Kept(names, binding, IsPersonal) };
    }

    /// <summary>
    /// A row is on the line of its number: of a file whose names are in no row they are on none. Rows are packed or, of workbooks and in
    /// what was made by a version that did not pack, text.
    /// </summary>
    private async Task<RecordsStart> FindConvertedAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        FirstLine line = await ReadFirstLineAsync(upload, start: 0, cancellationToken);
        bool isPacked = line.Bytes.Span is [PackedText.FileMark, ..];
        ImmutableArray<string> found = JsonHeader.Read(line.Bytes.Span[(isPacked ? 1 : 0)..], out string? fault);
        ImmutableArray<string> names = fault is null
            ? HeaderNames.AsDeclared(found, Rows.Definition.Schema, Rows.Definition.Dialect.HeaderMatch)
            : throw Mismatch(fault);
        bool isNamedInSheet = format == DataFormat.Xlsx && Rows.Definition.Dialect.Header;
        HeaderBinding binding =
            Bind(names, isPersonal: false, isNamedInSheet ? "If another row of the sheet has the names, set dialect.headerRows to its number." : "");
        (RecordReader reader, RecordScanner scanner) = isPacked
            ? ((RecordReader)new PackedRecordReader(binding, names), (RecordScanner)new PackedScanner(RecordBytesMax))
            : (new JsonArrayRecordReader(binding, RaggedRows.None, names: names), new LineScanner(RecordBytesMax));
        long lines = isNamedInSheet ? line.Number : 0;
        return Start(binding, reader, scanner, line.End, lines, job, defaults) with
        {
            Columns = Kept(names, binding, isPersonal: false),
        };
    }

    private RecordsStart Start(HeaderBinding binding, long offset, long lines, JobFacts job, IReadOnlySet<string> defaults) =>
        Start(
            binding, new JsonArrayRecordReader(binding, Rows.Definition.Dialect.RaggedRows), new LineScanner(RecordBytesMax), offset, lines, job,
            defaults);

    private RecordsStart Start(
        HeaderBinding binding, RecordReader reader, RecordScanner scanner, long offset, long lines, JobFacts job,
        IReadOnlySet<string> defaults)
    {
        RowPlan sent = RowsFor(binding.FieldOfColumn, defaults);
        return new RecordsStart(
            offset,
            new ChunkPosition(1, 1 + lines),
            scanner,
            TransformOf(sent, reader, job),
            sent)
        {
            RecordBytesMax = RecordBytesMax,
        };
    }

    /// <summary>
    /// Reads the first line that is not blank, waiting for it to arrive. Blank ones are given up as they come, however many there are.
    /// </summary>
    /// <param name="start">Where the lines start.</param>
    private async Task<FirstLine> ReadFirstLineAsync(IDecodedBytes upload, long start, CancellationToken cancellationToken)
    {
        LineScanner scanner = new(RecordBytesMax);
        byte[] buffer = new byte[4096];
        (int filled, long lines) = (0, 0);
        while (true)
        {
            bool hasMore = await upload.WaitForBytesAsync(start + filled, cancellationToken);
            upload.ThrowIfAbandoned();
            int added = hasMore ? await upload.ReadAsync(buffer.AsMemory(filled), start + filled, cancellationToken) : 0;
            filled += added;
            if (hasMore && filled < buffer.Length && !buffer.AsSpan(filled - added, added).Contains((byte)'\n'))
            {
                continue;
            }

            ScanResult found = scanner.Scan(buffer.AsSpan(0, filled), isFinal: !hasMore, recordsMax: 1);
            lines += found.Lines;
            if (found.RecordTooLong)
            {
                throw Mismatch($"The first line is longer than {RecordBytesMax} bytes, the limit of a record.");
            }

            if (found.Records == 1 || !hasMore)
            {
                return new FirstLine(buffer.AsMemory(0, found.Length), start + found.Length, lines);
            }

            start += found.Length;
            filled -= found.Length;
            buffer.AsSpan(found.Length, filled).CopyTo(buffer);
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    /// <summary>The line that has the names.</summary>
    /// <param name="Bytes">It, and perhaps blank ones before it; blank in an upload that has no other.</param>
    /// <param name="End">Where it ends in the upload.</param>
    /// <param name="Number">The number of the line.</param>
    private sealed record FirstLine(ReadOnlyMemory<byte> Bytes, long End, long Number);
}
