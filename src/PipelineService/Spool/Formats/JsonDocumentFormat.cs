using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;

namespace PipelineService.Spool.Formats;

/// <summary>
/// Records that are elements of an array in one JSON document (RFC 8259), or texts of a sequence (RFC 7464). They may be over
/// several lines, and the array may be of any length.
/// </summary>
/// <param name="rows">The dataset's columns.</param>
/// <param name="recordBytesMax">Bytes of a record at most.</param>
/// <param name="framing">What stands between records: <see cref="JsonFraming.Elements"/> or <see cref="JsonFraming.Texts"/>.</param>
public sealed class JsonDocumentFormat(RowPlan rows, int recordBytesMax, JsonFraming framing)
    : NamedRecordFormat(rows, recordBytesMax)
{
    private readonly JsonItems _items = rows.Definition.Items;

    /// <summary>Where the first record begins.</summary>
    private readonly record struct Beginning(long Offset, long Lines, RecordScanner Scanner);

    public override async Task<RecordsStart> FindStartAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> first = await ReadFirstAsync(upload, ForeignContent.BytesLooked, cancellationToken);
        ThrowIfForeign(first.Span);
        UploadHead head = new(upload, ByteOrderMark.LengthIn(first.Span), RecordBytesMax);
        RecordScanner scanner = framing == JsonFraming.Texts
            ? await FindTextsAsync(head, cancellationToken)
            : await FindElementsAsync(head, cancellationToken);
        Beginning beginning = new(head.Offset, head.Lines, scanner);
        if (!_items.AreArrays)
        {
            RecordReader reader = JsonObjects.ReaderOf(Rows.Definition, framing);
            RowPlan sent = _items.Keys.IsEmpty ? Rows : RowsFor(reader.SlotOfField, defaults);
            return Start(beginning with { Scanner = JsonObjects.ScannerOf(reader, scanner) }, sent, reader, job);
        }

        if (!_items.Keys.IsEmpty)
        {
            HeaderBinding named = Bind(_items.Keys, isPersonal: false);
            return Start(beginning, named, job, defaults) with { Columns = Kept(_items.Keys, named, isPersonal: false) };
        }

        if (!Rows.Definition.Dialect.Header)
        {
            return Start(beginning, HeaderBinding.ByPosition(Rows.Definition.Schema), job, defaults);
        }

        ImmutableArray<string> names = await ReadNamesAsync(head, scanner, cancellationToken);
        HeaderBinding binding = Bind(names, IsPersonal);
        return Start(new Beginning(head.Offset, head.Lines, scanner), binding, job, defaults) with
        {
            Columns = Kept(names, binding, IsPersonal),
        };
    }

    private RecordsStart Start(Beginning beginning, HeaderBinding binding, JobFacts job, IReadOnlySet<string> defaults) => Start(
        beginning,
        RowsFor(binding.FieldOfColumn, defaults),
        new JsonArrayRecordReader(binding, Rows.Definition.Dialect.RaggedRows, framing),
        job);

    private RecordsStart Start(Beginning beginning, RowPlan sent, RecordReader reader, JobFacts job) => new(
        beginning.Offset,
        new ChunkPosition(1, 1 + beginning.Lines),
        beginning.Scanner,
        TransformOf(sent, reader, job),
        sent)
    {
        RecordBytesMax = RecordBytesMax,
    };

    private async Task<RecordScanner> FindElementsAsync(UploadHead head, CancellationToken cancellationToken)
    {
        ImmutableArray<string> path = _items.PropertyPath;
        if (!path.IsEmpty)
        {
            await FindArrayAsync(head, path, cancellationToken);
            return new ElementScanner(RecordBytesMax, path);
        }

        byte found = await PassBlanksAsync(head, cancellationToken);
        if (found == '{' && _items is { Property: null, Path: null })
        {
            throw DocumentProblems.Mismatch(DocumentAdvice.ForObject(head.Bytes, IsPersonal));
        }

        return found is (byte)'[' or (byte)'{'
            ? new ElementScanner(RecordBytesMax, path)
            : throw (head.IsFinal && head.Bytes.IsEmpty
                ? Broken(head, FramingFaultKind.Truncated)
                : DocumentProblems.Mismatch(DocumentAdvice.ForOther(found)));
    }

    /// <summary>Passes over all that comes before the array of the records.</summary>
    private async Task FindArrayAsync(UploadHead head, ImmutableArray<string> path, CancellationToken cancellationToken)
    {
        JsonHead search = new(path);
        while (true)
        {
            JsonHeadResult result = search.Read(head.Bytes, head.IsFinal, out int read);
            head.Pass(read);
            if (result == JsonHeadResult.Found)
            {
                return;
            }

            if (result != JsonHeadResult.GoesOn)
            {
                throw result switch
                {
                    JsonHeadResult.Truncated => Broken(head, FramingFaultKind.Truncated, head.Bytes.Length),
                    JsonHeadResult.Malformed => Broken(head, FramingFaultKind.MalformedHead),
                    _ => DocumentProblems.Mismatch(
                        DocumentAdvice.ForPath(result, _items.Property!, path[search.Level], search.Names, IsPersonal)),
                };
            }

            if (!await head.ReadMoreAsync(cancellationToken))
            {
                throw Broken(head, FramingFaultKind.TokenTooLong);
            }
        }
    }

    private async Task<RecordScanner> FindTextsAsync(UploadHead head, CancellationToken cancellationToken)
    {
        byte found = await PassBlanksAsync(head, cancellationToken);
        return found is 0 && head.Bytes.IsEmpty || found == TextScanner.Separator
            ? new TextScanner(RecordBytesMax)
            : throw DocumentProblems.Mismatch(
                "The data does not begin with a record separator (U+001E), as each text of a JSON text sequence does (RFC 7464): send an "
                + "array as application/json, one object a line as application/x-ndjson.");
    }

    /// <returns>The first byte that is no blank; 0 when there is none.</returns>
    private static async Task<byte> PassBlanksAsync(UploadHead head, CancellationToken cancellationToken)
    {
        while (true)
        {
            head.Pass(head.Bytes.Length - head.Bytes.TrimStart(" \t\r\n"u8).Length);
            if (head.IsFinal || !head.Bytes.IsEmpty)
            {
                return head.Bytes.IsEmpty ? (byte)0 : head.Bytes[0];
            }

            await head.ReadMoreAsync(cancellationToken);
        }
    }

    /// <summary>The first record has the names.</summary>
    private async Task<ImmutableArray<string>> ReadNamesAsync(
        UploadHead head, RecordScanner scanner, CancellationToken cancellationToken)
    {
        while (true)
        {
            ScanResult found = scanner.Scan(head.Bytes, head.IsFinal, recordsMax: 1);
            if (found.Fault is { } fault)
            {
                throw Broken(head, fault.Kind, fault.Position);
            }

            if (found.Length > 0 || found.IsAtTail || head.IsFinal)
            {
                ReadOnlySpan<byte> record = head.Bytes[..found.Length];
                record = record[Math.Min(record.Length, scanner.StartOf(record))..].TrimEnd(" \t\r\n"u8);
                ImmutableArray<string> names = JsonHeader.Read(record, out string? error);
                names = error is null
                    ? HeaderNames.AsDeclared(names, Rows.Definition.Schema, Rows.Definition.Dialect.HeaderMatch)
                    : throw Mismatch(error);
                head.Pass(found.Length);
                return names;
            }

            if (found.RecordTooLong || !await head.ReadMoreAsync(cancellationToken))
            {
                throw Mismatch($"The first record is longer than {RecordBytesMax} bytes, the limit of a record.");
            }
        }
    }

    private static DocumentBrokenException Broken(UploadHead head, FramingFaultKind kind, int position = 0) => new(
        kind,
        head.OffsetAsSent + head.LengthAsSent(position),
        1 + head.Lines + head.Bytes[..position].Count((byte)'\n'),
        records: 0,
        head.Bytes[position..]);
}
