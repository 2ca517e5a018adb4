using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Formats;

/// <summary>Delimited text, with or without a header record.</summary>
public sealed class CsvRecordFormat(RowPlan rows, CsvDialect dialect, int recordBytesMax) : RecordFormat(rows, recordBytesMax)
{
    /// <summary>Bytes of a header whose lines are each looked at as they come.</summary>
    private const int ScannedFreely = 4096;

    /// <summary>Characters of a name that is not loaded.</summary>
    private const int KeptNameLengthMax = 256;

    public override async Task<RecordsStart> FindStartAsync(
        SpoolReader upload, Guid jobId, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> start = await ReadFirstAsync(upload, ByteOrderMark.Utf8.Length, cancellationToken);
        int mark = ByteOrderMark.LengthIn(start.Span);
        (byte[] first, ScanResult scan) = await ReadFirstRecordAsync(upload, mark, cancellationToken);
        ImmutableArray<string> names = CsvHeader.Read(first.AsSpan(0, scan.Length), dialect, RecordBytesMax, out string? fault);
        RejectHeader? rejects = fault is null ? RejectHeader.Find(names, Rows.Definition.Schema) : null;
        if (!dialect.Header && rejects is null)
        {
            ThrowIfForeign(first.AsSpan(0, scan.Length));
            return Start(CsvHeaderBinding.ByPosition(Rows.Definition.Schema), mark, new ChunkPosition(1, 1), jobId, defaults);
        }

        if (scan.Records == 0)
        {
            throw Mismatch(scan.RecordTooLong
                ? $"The header is longer than {RecordBytesMax} bytes, the limit of a record."
                : "The upload is empty: there is no header.");
        }

        CsvHeaderBinding? binding = fault is null ? Bind(names, rejects, out fault) : null;
        return binding is null
            ? throw Mismatch(WithAdvice(fault!, first.AsSpan(0, scan.Length), names, IsAll(upload, mark + scan.Length)))
            : Start(binding, mark + scan.Length, new ChunkPosition(1, 1 + scan.Lines), jobId, defaults) with
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

    /// <summary>
    /// The file of rejects has a header also where the dataset's data has none. There its names are the schema's in their order,
    /// of which two may be the same, unless somebody has moved a column.
    /// </summary>
    private CsvHeaderBinding? Bind(ImmutableArray<string> names, RejectHeader? rejects, out string? fault)
    {
        TableSchema schema = Rows.Definition.Schema;
        fault = null;
        if (rejects is null)
        {
            return CsvHeaderBinding.ByName(names, schema, out fault);
        }

        CsvHeaderBinding? binding = !dialect.Header && rejects.DataNames.SequenceEqual(schema.Fields.Select(f => f.NameInData))
            ? CsvHeaderBinding.ByPosition(schema)
            : CsvHeaderBinding.ByName(rejects.DataNames, schema, out fault);
        return binding?.Within(rejects);
    }

    /// <summary>
    /// A column that the header does not have is left to the table, as by <c>\copy</c> with a list of columns: it takes its
    /// default, or NULL. One that is required is left out only if the table gives it a value; else each record lacks it.
    /// </summary>
    private RecordsStart Start(
        CsvHeaderBinding binding, long offset, ChunkPosition position, Guid jobId, IReadOnlySet<string> defaults)
    {
        int recordBytesMax = binding.IsGuarded ? RejectHeader.RecordBytesMax(RecordBytesMax) : RecordBytesMax;
        var leftOut = Enumerable.Range(0, Rows.Columns.Length)
            .Where(column => !Rows.IsGiven(column) && binding.FieldOfColumn[column] < 0)
            .Where(column => Rows.Columns[column].Field is var field
                && (!field.Constraints.Required || defaults.Contains(field.Name)))
            .ToHashSet();
        RowPlan rows = Rows.Without(leftOut);
        return new RecordsStart(
            offset,
            position,
            new CsvRecordScanner(dialect, recordBytesMax, binding.SkipBlankLines),
            new ChunkTransform(rows, new CsvRecordReader(binding, dialect, recordBytesMax), jobId),
            rows)
        {
            RecordBytesMax = recordBytesMax,
        };
    }

    /// <summary>Reads the first record, waiting for it to arrive. There is none in an empty upload, or one that is too long.</summary>
    private async Task<(byte[] Bytes, ScanResult Scan)> ReadFirstRecordAsync(
        SpoolReader upload, int start, CancellationToken cancellationToken)
    {
        CsvRecordScanner scanner = new(dialect, RecordBytesMax, skipBlankLines: true);
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

            if (hasMore && filled < buffer.Length && !MayEnd(buffer.AsSpan(scanned, filled - scanned), scanned))
            {
                continue;
            }

            scanned = Math.Max(0, filled - 1); // a CR that comes last may end the header or not
            ScanResult scan = scanner.Scan(buffer.AsSpan(0, filled), isFinal: !hasMore, recordsMax: 1);
            if (scan.Records == 1 || scan.RecordTooLong || !hasMore)
            {
                return (buffer, scan);
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
    internal static bool MayEnd(ReadOnlySpan<byte> added, int scanned) =>
        added.IndexOfAny((byte)'\n', (byte)'\r') >= 0 && (scanned < ScannedFreely || added.Length > scanned / 8);

    private string WithAdvice(string fault, ReadOnlySpan<byte> header, ImmutableArray<string> names, bool isAll) =>
        ForeignContent.SentenceOf(header)
        ?? $"{fault} {HeaderAdvice.For(header, names, Rows.Definition.Schema, dialect, Rows.Definition.Dialect, isAll)}".TrimEnd();

    private static bool IsAll(SpoolReader upload, long end) => upload.IsSealed && end == upload.Length;

    private static JobFaultException Mismatch(string detail) => new(new Problem
    {
        Code = "header_mismatch",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The header does not fit the dataset's schema.",
        Detail = detail,
    });
}
