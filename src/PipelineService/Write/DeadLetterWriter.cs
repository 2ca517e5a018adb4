using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Write;

/// <summary>
/// Keeps rejected records with their raw bytes and every reason. Written in bounded batches, so that a chunk of nothing but
/// rejects costs no more memory than a chunk of rows.
/// </summary>
public sealed class DeadLetterWriter(Database database)
{
    private const int BatchRecordsMax = 1_000;
    private const int BatchRawBytesMax = 4 << 20;
    private const int ValueBytesMax = 256;

    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the rejects of a chunk and the rows of it that the database refused.</summary>
    /// <param name="connection">The connection whose transaction they belong to, or null to commit them at once.</param>
    public async Task WriteAsync(
        NpgsqlConnection? connection,
        Chunk chunk,
        TransformWorkspace workspace,
        IReadOnlyList<RefusedRow> refused,
        CancellationToken cancellationToken)
    {
        Batch batch = new(chunk);
        for (int i = 0; i < workspace.Rejects.Count + refused.Count; i++)
        {
            if (i < workspace.Rejects.Count)
            {
                batch.Add(workspace.Rejects, i);
            }
            else
            {
                batch.Add(workspace.Rows, refused[i - workspace.Rejects.Count]);
            }

            if (batch.Count == BatchRecordsMax || batch.RawBytes > BatchRawBytesMax)
            {
                await SendAsync(connection, batch, cancellationToken);
                batch.Clear();
            }
        }

        if (batch.Count > 0)
        {
            await SendAsync(connection, batch, cancellationToken);
        }
    }

    private async Task SendAsync(NpgsqlConnection? connection, Batch batch, CancellationToken cancellationToken)
    {
        if (connection is not null)
        {
            await using NpgsqlBatch insert = new(connection) { BatchCommands = { Insert(batch) } };
            await insert.ExecuteNonQueryAsync(cancellationToken);
            return;
        }

        await database.RunAsync(
            async (own, token) =>
            {
                // Fenced like the rows: an attempt that was taken over writes nothing any more.
                await using NpgsqlBatch transaction = new(own)
                {
                    BatchCommands =
                    {
                        new("BEGIN"), new(WriteSql.CommitLater), JobTakenOverException.RequireEpoch(batch.JobId, batch.Epoch),
                        Insert(batch), new("COMMIT"),
                    },
                };
                try
                {
                    return await transaction.ExecuteNonQueryAsync(token);
                }
                catch (PostgresException e) when (e.SqlState == JobTakenOverException.SqlState)
                {
                    throw new JobTakenOverException(e.MessageText, e);
                }
            },
            cancellationToken);
    }

    private static NpgsqlBatchCommand Insert(Batch batch) => new(WriteSql.InsertDeadLetters)
    {
        Parameters =
        {
            new() { Value = batch.JobId },
            new() { Value = batch.Records },
            new() { Value = batch.Lines },
            new() { Value = batch.Offsets },
            new() { Value = batch.Errors, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb },
            new() { Value = batch.Raws },
            new() { Value = batch.Cut },
        },
    };

    /// <summary>Dead letters as columns, which is how they are sent.</summary>
    private sealed class Batch(Chunk chunk)
    {
        private readonly ArrayBufferWriter<byte> _json = new();

        public Guid JobId => chunk.Load.Plan.JobId;

        public long Epoch => chunk.Load.Plan.Epoch;

        public List<long> Records { get; } = [];

        public List<long> Lines { get; } = [];

        public List<long> Offsets { get; } = [];

        public List<string> Errors { get; } = [];

        public List<byte[]> Raws { get; } = [];

        public List<bool> Cut { get; } = [];

        public int Count => Records.Count;

        public int RawBytes { get; private set; }

        public void Clear()
        {
            Records.Clear();
            Lines.Clear();
            Offsets.Clear();
            Errors.Clear();
            Raws.Clear();
            Cut.Clear();
            RawBytes = 0;
        }

        public void Add(RejectBuffer rejects, int index)
        {
            Reject reject = rejects.Rejects[index];
            _json.ResetWrittenCount();
            using (Utf8JsonWriter json = new(_json, JsonOptions))
            {
                json.WriteStartArray();
                foreach (RecordError error in rejects.ErrorsOf(reject))
                {
                    FieldDefinition? field = error.Column == RecordError.WholeRecord
                        ? null
                        : chunk.Load.Plan.Rows.Columns[error.Column].Field;
                    WriteError(
                        json,
                        field?.Name,
                        error.Code,
                        field is null ? ErrorMessages.For(error.Code) : ErrorMessages.For(field, error.Code),
                        error.ValueLength == 0 && field is null ? null : Value(error));
                }

                json.WriteEndArray();
            }

            Add(reject.Record, reject.Line, reject.RawStart, reject.RawLength, chunk.IsOversizedRecord);
        }

        public void Add(RowBuffer rows, RefusedRow refused)
        {
            RowMark row = rows.Marks[refused.Index];
            _json.ResetWrittenCount();
            using (Utf8JsonWriter json = new(_json, JsonOptions))
            {
                json.WriteStartArray();
                WriteError(json, refused.Column, refused.Code, refused.Message, value: null);
                json.WriteEndArray();
            }

            Add(row.Record, row.Line, row.RawStart, row.RawLength, isCut: false);
        }

        private void Add(long record, long line, int rawStart, int rawLength, bool isCut)
        {
            int kept = Math.Min(rawLength, chunk.Load.RawBytesMax);
            Records.Add(record);
            Lines.Add(line);
            Offsets.Add(chunk.StartOffset + rawStart);
            Errors.Add(Encoding.UTF8.GetString(_json.WrittenSpan));
            Raws.Add(chunk.Bytes.Span.Slice(rawStart, kept).ToArray());
            Cut.Add(isCut || kept < rawLength);
            RawBytes += kept;
        }

        private string Value(RecordError error)
        {
            ReadOnlySpan<byte> value = chunk.Bytes.Span.Slice(error.ValueStart, Math.Min(error.ValueLength, ValueBytesMax));
            string text = Encoding.UTF8.GetString(value);
            return error.ValueLength > ValueBytesMax ? text + "…" : text;
        }

        private static void WriteError(Utf8JsonWriter json, string? field, RecordErrorCode code, string message, string? value)
        {
            json.WriteStartObject();
            json.WriteString("field", field);
            json.WriteString("code", RecordErrorCodes.NameOf(code));
            json.WriteString("message", WithoutNul(message));
            json.WriteString("value", WithoutNul(value));
            json.WriteEndObject();
        }

        // jsonb cannot hold U+0000; the raw bytes keep it.
        private static string? WithoutNul(string? text) => text?.Replace('\0', '\uFFFD');
    }
}
