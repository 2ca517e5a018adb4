using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Formats;

/// <summary>Where the records of an upload start, and how they become rows.</summary>
/// <param name="Offset">In the decoded bytes: after a byte order mark and a header.</param>
/// <param name="Position">The numbers of the first record (1) and of the line that it starts on.</param>
/// <param name="Scanner">Finds where records end.</param>
/// <param name="Transform">Turns them into rows.</param>
/// <param name="Rows">The columns of those rows: the dataset's, but for those that are left to the table.</param>
public sealed record RecordsStart(
    long Offset, ChunkPosition Position, RecordScanner Scanner, ChunkTransform Transform, RowPlan Rows)
{
    /// <summary>Bytes of a record at most: what the scanner and the transform go by.</summary>
    public required int RecordBytesMax { get; init; }

    /// <summary>The names in the header, in its order; null where there is none.</summary>
    public string[]? Columns { get; init; }
}

/// <summary>
/// How the records of one upload are written: where they start, where they end, how they are read. One per job, made from
/// the upload's content type and the dataset.
/// </summary>
public abstract class RecordFormat(RowPlan rows, int recordBytesMax)
{
    protected RowPlan Rows { get; } = rows;

    /// <summary>Bytes of a record at most: the limit that the upload was received under.</summary>
    protected int RecordBytesMax { get; } = recordBytesMax;

    /// <summary>What the text was made UTF-8 with; null for text that is read as it was sent.</summary>
    protected Transcoding? Text { get; private set; }

    /// <param name="encoding">That of the upload's text, which is UTF-8 by now.</param>
    public static RecordFormat Of(UploadForm form, RowPlan rows, int recordBytesMax, TextEncoding encoding)
    {
        RecordFormat format = Of(form, rows, recordBytesMax);
        format.Text = Transcoding.Of(encoding);
        return format;
    }

    private static RecordFormat Of(UploadForm form, RowPlan rows, int recordBytesMax) => form.Format switch
    {
        _ when FormatTable.Of(form.Format).IsConverted => new JsonArrayRecordFormat(rows, recordBytesMax, form.Format),
        DataFormat.Ndjson when rows.Definition.Items.AreArrays => new JsonArrayRecordFormat(rows, recordBytesMax),
        DataFormat.Ndjson => new NdjsonRecordFormat(rows, recordBytesMax),
        DataFormat.Json => new JsonDocumentFormat(rows, recordBytesMax, JsonFraming.Elements),
        DataFormat.JsonSequence => new JsonDocumentFormat(rows, recordBytesMax, JsonFraming.Texts),
        _ => new CsvRecordFormat(
            rows,
            form.Delimiter is byte delimiter ? rows.Definition.Dialect with { Delimiter = ((char)delimiter).ToString() } : rows.Definition.Dialect,
            recordBytesMax),
    };

    /// <summary>Reads what comes before the first record, waiting for it to arrive.</summary>
    /// <param name="upload">What was sent.</param>
    /// <param name="job">What expressions may use of the job.</param>
    /// <param name="defaults">Names of the columns to which the table gives a value when none is sent.</param>
    /// <exception cref="JobFaultException">The header does not fit the schema.</exception>
    public abstract Task<RecordsStart> FindStartAsync(
        IDecodedBytes upload, JobFacts job, IReadOnlySet<string> defaults, CancellationToken cancellationToken);

    /// <summary>What makes rows of the records that a reader of the format reads.</summary>
    protected ChunkTransform TransformOf(RowPlan sent, RecordReader reader, JobFacts job) =>
        new(sent, Text is null ? reader : new TranscodedReader(reader, Text), job);

    /// <summary>The first bytes of an upload, waiting for them to arrive; fewer only when there are no more.</summary>
    protected static async Task<ReadOnlyMemory<byte>> ReadFirstAsync(
        IDecodedBytes upload, int count, CancellationToken cancellationToken)
    {
        byte[] first = new byte[count];
        int read = 0;
        while (read < count && await upload.WaitForBytesAsync(read, cancellationToken))
        {
            read += await upload.ReadAsync(first.AsMemory(read), read, cancellationToken);
        }

        upload.ThrowIfAbandoned();
        return first.AsMemory(0, read);
    }

    /// <summary>
    /// The columns of a job whose data does not have all fields. One that it does not have is left to the table, as by <c>\copy</c> with
    /// a list of columns: it takes its default, or NULL. One that is required is left out only if the table gives it a value; else each
    /// record lacks it.
    /// </summary>
    /// <param name="slotOfField">For each field of the schema where the data has it, or −1.</param>
    /// <param name="defaults">Names of the columns to which the table gives a value when none is sent.</param>
    protected RowPlan RowsFor(ImmutableArray<int> slotOfField, IReadOnlySet<string> defaults)
    {
        var leftOut = Enumerable.Range(0, Rows.Columns.Length)
            .Where(column => !Rows.IsGiven(column) && slotOfField[column] < 0)
            .Where(column => Rows.Columns[column].Field is var field
                && (!field.Constraints.Required || defaults.Contains(field.Name)))
            .ToHashSet();
        return Rows.Without(leftOut);
    }

    /// <summary>Data that is no text makes no records, only rejects of its bytes.</summary>
    protected static void ThrowIfForeign(ReadOnlySpan<byte> first)
    {
        if (ForeignContent.SentenceOf(first) is string sentence)
        {
            throw new JobFaultException(new Problem
            {
                Code = "not_text",
                Status = StatusCodes.Status422UnprocessableEntity,
                Title = "The data is not the text that was announced.",
                Detail = sentence,
            });
        }
    }
}
