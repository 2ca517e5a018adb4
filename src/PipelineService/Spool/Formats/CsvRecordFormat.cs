using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Transforms;

namespace PipelineService.Spool.Formats;

/// <summary>Delimited text, with or without a header record.</summary>
public sealed class CsvRecordFormat(RowPlan rows, CsvDialect dialect, int recordBytesMax) : NamedRecordFormat(rows, recordBytesMax)
{
    /// <summary>Bytes of a header whose lines are each looked at as they come.</summary>
    private const int ScannedFreely = 4096;

    /// <summary>The byte that ends a line, or may.</summary>
    private byte LastOfLineEnd { get; } = dialect.EndsAtAnyLineEnd ? (byte)'\n' : Encoding.UTF8.GetBytes(dialect.LineTerminator!)[^1];

    public override async Task<RecordsStart> FindStartAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> start = await ReadFirstAsync(upload, ByteOrderMark.Utf8.Length, cancellationToken);
        int mark = ByteOrderMark.LengthIn(start.Span);
        if (!dialect.IsOfRejects && await FindRejectsAsync(upload, mark, cancellationToken) is { } rejects)
        {
            return StartOf(rejects, dialect.ForRejects(), upload, mark, job, defaults);
        }

        CsvPrelude prelude = new(dialect, RecordBytesMax);
        FirstRows first = await ReadAsync(upload, mark, prelude.Scan, cancellationToken);
        if (dialect.Header)
        {
            return StartOf(ReadNames(first, prelude), dialect, upload, mark, job, defaults);
        }

        ChunkPosition position = new(1, 1 + first.Scan.Lines);
        return Start(
            HeaderBinding.ByPosition(Rows.Definition.Schema), dialect, mark + first.Scan.Length, position, job, defaults);
    }

    /// <summary>
    /// The header of a CSV of rejects where the data has none, or has it elsewhere or written otherwise; null when the upload is
    /// none. Looked for only in a first row that has its names, because it may have quotes where the data has none.
    /// </summary>
    private async Task<FirstRows?> FindRejectsAsync(IDecodedBytes upload, int mark, CancellationToken cancellationToken)
    {
        CsvRecordScanner scanner = new(dialect, RecordBytesMax, skipBlankLines: true);
        FirstRows row = await ReadAsync(upload, mark, (bytes, isFinal) => scanner.Scan(bytes, isFinal, 1), cancellationToken);
        if (!dialect.Header)
        {
            ThrowIfForeign(row.Bytes.Span);
        }

        if (!RejectHeader.OwnNames(Rows.Definition.Schema).All(name => row.Bytes.Span.IndexOf(Encoding.UTF8.GetBytes(name)) >= 0))
        {
            return null;
        }

        CsvPrelude prelude = new(dialect.ForRejects(), RecordBytesMax);
        FirstRows found = ReadNames(await ReadAsync(upload, mark, prelude.Scan, cancellationToken), prelude);
        return RejectHeader.Find(found.Names, Rows.Definition.Schema) is null ? null : found;
    }

    private FirstRows ReadNames(FirstRows rows, CsvPrelude prelude)
    {
        ImmutableArray<string> names = prelude.ReadNames(rows.Bytes.Span, out string? fault);
        return rows with
        {
            Names = HeaderNames.AsDeclared(names, Rows.Definition.Schema, dialect.HeaderMatch),
            Fault = fault,
        };
    }

    /// <summary>The start of data that names its fields.</summary>
    private RecordsStart StartOf(
        FirstRows first, CsvDialect written, IDecodedBytes upload, int mark, JobFacts job, IReadOnlySet<string> defaults)
    {
        if (first.Scan.RecordTooLong)
        {
            throw Mismatch($"The header is longer than {RecordBytesMax} bytes, the limit of a record.");
        }

        string? fault = first.Fault;
        HeaderBinding? binding =
            fault is null ? Bind(first.Names, RejectHeader.Find(first.Names, Rows.Definition.Schema), out fault) : null;
        int end = mark + first.Scan.Length;
        return binding is null
            ? throw Mismatch(WithAdvice(fault!, first, IsAll(upload, end)))
            : Start(binding, written, end, new ChunkPosition(1, 1 + first.Scan.Lines), job, defaults) with
            {
                Columns = Kept(first.Names, binding, IsPersonal),
            };
    }

    /// <summary>
    /// The file of rejects has a header also where the dataset's data has none. There its names are the schema's in their order,
    /// of which two may be the same, unless somebody has moved a column.
    /// </summary>
    private HeaderBinding? Bind(ImmutableArray<string> names, RejectHeader? rejects, out string? fault)
    {
        TableSchema schema = Rows.Definition.Schema;
        fault = null;
        if (rejects is null)
        {
            return HeaderBinding.ByName(names, schema, out fault, isPersonal: IsPersonal);
        }

        HeaderBinding? binding = !dialect.Header && rejects.DataNames.SequenceEqual(schema.FieldsInData.Select(f => f.NameInData))
            ? HeaderBinding.ByPosition(schema)
            : HeaderBinding.ByName(rejects.DataNames, schema, out fault, isPersonal: IsPersonal);
        return binding?.Within(rejects);
    }

    private RecordsStart Start(
        HeaderBinding binding,
        CsvDialect written,
        long offset,
        ChunkPosition position,
        JobFacts job,
        IReadOnlySet<string> defaults)
    {
        int recordBytesMax = binding.IsGuarded ? RejectHeader.RecordBytesMax(RecordBytesMax, written) : RecordBytesMax;
        RowPlan rows = RowsFor(binding.FieldOfColumn, defaults);
        return new RecordsStart(
            offset,
            position,
            new CsvRecordScanner(
                written, recordBytesMax, binding.SkipBlankLines, new RecordShape(written, binding.FieldCount, binding.SkipBlankLines)),
            TransformOf(rows, new CsvRecordReader(binding, written, recordBytesMax), job),
            rows)
        {
            RecordBytesMax = recordBytesMax,
        };
    }

    /// <summary>Reads the first rows, waiting for them to arrive. They are not found in an upload without them, or with one that is too long.</summary>
    /// <param name="start">Where they start.</param>
    /// <param name="scan">Finds where they end in the bytes at hand.</param>
    private async Task<FirstRows> ReadAsync(
        IDecodedBytes upload, int start, Func<ReadOnlySpan<byte>, bool, ScanResult> scan, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        (int filled, int scanned) = (0, 0);
        while (true)
        {
            bool hasMore = await upload.WaitForBytesAsync(start + filled, cancellationToken);
            upload.ThrowIfAbandoned();
            if (hasMore)
            {
                filled += await upload.ReadAsync(buffer.AsMemory(filled), start + filled, cancellationToken);
            }

            if (hasMore && filled < buffer.Length && !MayEnd(buffer.AsSpan(scanned, filled - scanned), scanned, LastOfLineEnd))
            {
                continue;
            }

            scanned = Math.Max(0, filled - 1); // a CR that comes last may end the header or not
            ScanResult found = scan(buffer.AsSpan(0, filled), !hasMore);
            if (found.Records == 1 || found.RecordTooLong || !hasMore)
            {
                return new FirstRows(buffer.AsMemory(0, found.RecordTooLong ? filled : found.Length), found) { AtHand = buffer.AsMemory(0, filled) };
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    /// <summary>
    /// Whether a header that trickles in is worth looking through from its start once more: a line has ended, and of a long
    /// one, which has line ends in quotes, an eighth more has come. So all looks together cost no more than a few.
    /// </summary>
    internal static bool MayEnd(ReadOnlySpan<byte> added, int scanned, byte lineEnd = (byte)'\n') =>
        added.IndexOfAny(lineEnd, lineEnd == (byte)'\n' ? (byte)'\r' : lineEnd) >= 0 && (scanned < ScannedFreely || added.Length > scanned / 8);

    private string WithAdvice(string fault, FirstRows first, bool isAll)
    {
        ReadOnlySpan<byte> header = first.Bytes.Span;
        if (ForeignContent.SentenceOf(header) is string foreign)
        {
            return foreign;
        }

        DatasetDefinition definition = Rows.Definition;
        string advice = HeaderAdvice.For(
            header, first.Names, definition.Schema, dialect, definition.Dialect, isAll, IsPersonal, first.AtHand.Span);
        if (Text is not null)
        {
            return $"{fault.Replace("valid UTF-8", Text.Encoding.Name, StringComparison.Ordinal)} {advice}".TrimEnd()
                + $" The data was read as {Text.Encoding.Name}.";
        }

        return fault.Contains("valid UTF-8", StringComparison.Ordinal)
            ? $"{fault} If the data is in another encoding, such as windows-1252, say so: as the charset of the Content-Type, or as the dataset's "
                + "\"encoding\"."
            : $"{fault} {advice}".TrimEnd();
    }

    private static bool IsAll(IDecodedBytes upload, long end) => upload.IsEnd(end);

    /// <summary>The rows before the first record.</summary>
    private sealed record FirstRows(ReadOnlyMemory<byte> Bytes, ScanResult Scan)
    {
        /// <summary>They, and what is behind them as far as it was read.</summary>
        public ReadOnlyMemory<byte> AtHand { get; init; }

        /// <summary>The names in them; none with a fault.</summary>
        public ImmutableArray<string> Names { get; init; } = [];

        public string? Fault { get; init; }
    }
}
