using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Datasets.Taps;
using PipelineService.Write.Rejects;

namespace PipelineService.Write.Taps;

/// <summary>
/// Tells some records of a chunk to whoever wants to see them: what was sent, the row that it has become, or why it has not. Each says of how
/// many it is one, so that nobody takes the sample for the data.
/// </summary>
internal sealed class ChunkSample(TransformedChunk chunk, RowOutcome rows)
{
    /// <summary>Records of a chunk, spread over it, and rejects beyond them.</summary>
    private const int SpreadMax = 8;

    private const int RejectsMax = 4;

    private const int RawBytesMax = 1_024;
    private const int ValueLengthMax = 256;

    private static readonly JsonWriterOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly RowPlan _plan = chunk.Load.Plan.Rows;
    private readonly IReadOnlySet<string> _hidden = HiddenColumns.NamesOf(chunk.Load.Plan.Rows);
    private readonly ArrayBufferWriter<byte> _json = new();

    public void TellTo(RecordTap tap)
    {
        long[] records = [.. Records()];
        int granted = tap.Grant(records.Length);
        for (int i = 0; i < granted; i++)
        {
            _json.ResetWrittenCount();
            using (Utf8JsonWriter writer = new(_json, Plain))
            {
                Write(writer, records[i], granted);
            }

            tap.Tell(_json.WrittenSpan.ToArray());
        }
    }

    /// <summary>Rejects first, since they are rare and what is looked for.</summary>
    private IEnumerable<long> Records()
    {
        long first = chunk.Extent.Position.FirstRecord;
        List<long> rejects = [];
        foreach (Reject reject in chunk.Workspace.Rejects.Rejects[..Math.Min(RejectsMax, chunk.Workspace.Rejects.Count)])
        {
            rejects.Add(reject.Record);
        }

        foreach (RejectedRow row in rows.Refused.Take(RejectsMax))
        {
            rejects.Add(chunk.Workspace.Rows.Marks[row.Index].Record);
        }

        int spread = Math.Min(SpreadMax, chunk.Read);
        return rejects.Concat(Enumerable.Range(0, spread).Select(i => first + ((long)i * chunk.Read / spread))).Distinct();
    }

    private void Write(Utf8JsonWriter writer, long record, int told)
    {
        int row = Find(chunk.Workspace.Rows.Marks, record, static mark => mark.Record);
        int reject = Find(chunk.Workspace.Rejects.Rejects, record, static one => one.Record);
        int refused = row < 0 ? -1 : rows.Refused.ToList().FindIndex(one => one.Index == row);
        writer.WriteStartObject();
        writer.WriteString("job", chunk.Load.Plan.JobId);
        writer.WriteNumber("record", record);
        writer.WriteString("outcome", reject >= 0 || refused >= 0 ? "rejected" : row >= 0 ? "accepted" : "filtered");
        if (row >= 0)
        {
            RowMark mark = chunk.Workspace.Rows.Marks[row];
            WriteRaw(writer, mark.Line, mark.RawStart, mark.RawLength);
            WriteRow(writer, row);
        }

        if (reject >= 0)
        {
            Reject one = chunk.Workspace.Rejects.Rejects[reject];
            WriteRaw(writer, one.Line, one.RawStart, one.RawLength);
            WriteErrors(writer, one);
        }
        else if (refused >= 0)
        {
            RejectedRow one = rows.Refused[refused];
            writer.WriteStartArray("errors");
            WriteError(writer, one.Column, RecordErrorCodes.NameOf(one.Code));
            writer.WriteEndArray();
        }

        writer.WriteString(
            "trace", string.Create(CultureInfo.InvariantCulture, $"/v1/jobs/{chunk.Load.Plan.JobId}/records/{record}"));
        writer.WriteStartObject("sample");
        writer.WriteNumber("told", told);
        writer.WriteNumber("of", chunk.Read);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>
    /// Where there is personal data nothing is shown that may hold it. A record of a file that is converted is shown as the object that can
    /// be sent again.
    /// </summary>
    private void WriteRaw(Utf8JsonWriter writer, long line, int start, int length)
    {
        writer.WriteNumber("line", line);
        if (_plan.Hidden.IsEmpty)
        {
            ReadOnlySpan<byte> record = chunk.Bytes.Span.Slice(start, length);
            if (chunk.Load.Transform is { } transform && transform.TextOf(record) is { } text)
            {
                record = JsonArrayRecordReader.ToObject(text, transform.ItemNames) ?? text;
            }

            writer.WriteString("raw", Encoding.UTF8.GetString(record[..Math.Min(record.Length, RawBytesMax)]));
            if (record.Length > RawBytesMax)
            {
                writer.WriteBoolean("rawTruncated", true);
            }
        }
    }

    private void WriteRow(Utf8JsonWriter writer, int row)
    {
        writer.WriteStartObject("row");
        foreach ((int column, ColumnPlan plan) in _plan.Columns.Index())
        {
            if (!_hidden.Contains(plan.Field.Name))
            {
                string? value = StoredValue.Of(chunk.Workspace.Rows, row, column, plan).Text;
                writer.WriteString(plan.Field.Name, value is { Length: > ValueLengthMax } ? value[..ValueLengthMax] + "…" : value);
            }
        }

        writer.WriteEndObject();
    }

    private void WriteErrors(Utf8JsonWriter writer, Reject reject)
    {
        writer.WriteStartArray("errors");
        foreach (RecordError error in chunk.Workspace.Rejects.ErrorsOf(reject))
        {
            WriteError(
                writer, error.Column == RecordError.WholeRecord ? null : _plan.Columns[error.Column].Field.Name,
                RecordReason.CodeOf(error, _plan));
        }

        writer.WriteEndArray();
    }

    private static void WriteError(Utf8JsonWriter writer, string? field, string code)
    {
        writer.WriteStartObject();
        writer.WriteString("field", field);
        writer.WriteString("code", code);
        writer.WriteEndObject();
    }

    /// <returns>The index of a record; -1: it is not among them.</returns>
    private static int Find<T>(ReadOnlySpan<T> all, long record, Func<T, long> recordOf)
    {
        (int low, int high) = (0, all.Length - 1);
        while (low <= high)
        {
            int middle = (low + high) / 2;
            long found = recordOf(all[middle]);
            if (found == record)
            {
                return middle;
            }

            (low, high) = found < record ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }
}
