using System.Buffers;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.DeadLetters;

/// <summary>
/// Dead letters of JSON as NDJSON, to be mended and uploaded as they are: each record as it was sent, on a line of its own, whatever document
/// it stood in. In the dataset's encoding, as its data comes.
/// </summary>
internal sealed class DeadLetterRecords
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly CharsetWriter _text;
    private readonly string[]? _names;

    public DeadLetterRecords(JobRow job, DatasetVersion dataset)
    {
        DatasetDefinition definition = dataset.Definition;
        TextEncoding encoding = definition.Encoding.IsUnicode ? definition.Encoding : TextEncoding.Utf8;
        _text = new CharsetWriter(encoding);
        ContentType = $"application/x-ndjson; charset={encoding.Name}";
        bool hasHeader = definition.Items.AreArrays && definition.Items.Keys.IsEmpty && definition.Dialect.Header;
        _names = hasHeader ? job.UploadColumns ?? [.. definition.Schema.FieldsInData.Select(field => field.NameInData)] : null;
    }

    /// <summary>With the charset.</summary>
    public string ContentType { get; }

    /// <summary>Whether the records of a job can be told so.</summary>
    public static bool AreOf(JobRow job) => FormatTable.Of(job.ContentType) is { IsJson: true };

    /// <summary>What comes before the records: a byte order mark, the names of arrays. Valid until the next call, as a record is.</summary>
    public ReadOnlyMemory<byte> Header()
    {
        _line.ResetWrittenCount();
        _line.Write(_text.NeedsMark ? Core.Parsing.ByteOrderMark.Utf8 : []);
        if (_names is not null)
        {
            _line.Write(JsonSerializer.SerializeToUtf8Bytes(_names, PipelineJson.Options));
            _line.Write("\n"u8);
        }

        return _text.Write(_line.WrittenSpan, out _);
    }

    public ReadOnlyMemory<byte> Record(DeadLetterRow row)
    {
        _line.ResetWrittenCount();
        ReadOnlySpan<byte> raw = (row.RawTruncated ? DeadLetterView.WholeCharactersOf(row) : row.Raw).Trim(" \t\r\n\u001E"u8);
        while (raw.IndexOfAny((byte)'\n', (byte)'\r') is int found and >= 0)
        {
            _line.Write(raw[..found]);
            _line.Write("\t"u8); // a blank between tokens; in a text as malformed as the line end was
            raw = raw[(found + 1)..];
        }

        _line.Write(raw);
        _line.Write(row.RawTruncated ? "…\n"u8 : "\n"u8);
        return _text.Write(_line.WrittenSpan, out _);
    }
}
