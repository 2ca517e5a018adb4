using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>
/// The reasons of a chunk's dead letters as JSON, up to the value. What a reason says but for the value is the same for all records of
/// a chunk and is made once.
/// </summary>
/// <param name="chunk">The chunk.</param>
/// <param name="places">Where its bytes are in the text as it was sent.</param>
internal sealed class DeadLetterReasons(TransformedChunk chunk, PlacesAsSent places)
{
    /// <summary>
    /// Characters of a sentence of the database that a reason keeps: a trigger may put a whole value into it.
    /// </summary>
    private const int MessageLengthMax = 1_000;

    /// <summary>Wrong bytes that stand one behind the other and are told.</summary>
    private const int BytesToldMax = 4;

    private readonly Dictionary<(short Column, RecordErrorCode Code, JsonLineShape Line, int? Op, ExpressionError Expression), byte[]> _known = [];
    private (RecordErrorCode Code, FieldCounts Fields, byte[] Reason) _lastCounted;

    /// <summary>The members of a reason up to the value, which is to follow with the closing brace.</summary>
    public byte[] Of(in RecordError error, in Reject reject)
    {
        if (error.Fields.Found != error.Fields.Expected)
        {
            return Of(error.Code, error.Fields);
        }

        if (error.Code == RecordErrorCode.InvalidEncoding)
        {
            return OfWrongBytes(error.ValueStart);
        }

        if (error.Code == RecordErrorCode.InvalidUtf8 && OfInvalidUtf8(error, reject) is { } told)
        {
            return told;
        }

        JsonLineShape line = error is { Column: RecordError.WholeRecord, Code: RecordErrorCode.MalformedJson }
            ? ShapeOf(chunk.Bytes.Span.Slice(reject.RawStart, reject.RawLength))
            : default;
        var key = (error.Column, error.Code, line, error.Op, error.Expression);
        if (!_known.TryGetValue(key, out byte[]? reason))
        {
            var words = RecordReason.Of(error, chunk.Load.Plan.Rows);
            string message = words.Field is not null ? words.Message
                : error.Code == RecordErrorCode.MalformedJson ? ErrorMessages.For(line)
                : error is { Code: RecordErrorCode.TooManyFields, ValueLength: > 0 } ? ErrorMessages.UnknownProperty
                : words.Message;
            reason = Reason(words.Field?.Name, words.Code, message, error.Op);
            _known.Add(key, reason);
        }

        return reason;
    }

    /// <summary>Of a row that the database refused.</summary>
    public static byte[] Of(RejectedRow refused) => Reason(
        refused.Column, RecordErrorCodes.NameOf(refused.Code), Excerpt.Cut(refused.Message, MessageLengthMax));

    /// <summary>Of a record with more errors than are told.</summary>
    public static byte[] OfMore(int untold) =>
        Reason(field: null, RecordErrorCodes.NameOf(RecordErrorCode.MoreErrors), ErrorMessages.More(untold));

    private JsonLineShape ShapeOf(ReadOnlySpan<byte> line) =>
        chunk.Load.Transform is { Framing: not JsonFraming.Lines } ? JsonLineShapes.OfElement(line, AreArrays)
        : AreArrays ? JsonLineShapes.OfArray(line)
        : JsonLineShapes.Of(line);

    private bool AreArrays => chunk.Load.Plan.Rows.Definition.Items.AreArrays;

    /// <summary>Too few or too many fields, mostly the same number in record after record.</summary>
    private byte[] Of(RecordErrorCode code, FieldCounts fields)
    {
        if (_lastCounted.Reason is null || (_lastCounted.Code, _lastCounted.Fields) != (code, fields))
        {
            _lastCounted = (code, fields, Reason(field: null, RecordErrorCodes.NameOf(code), ErrorMessages.For(fields)));
        }

        return _lastCounted.Reason;
    }

    private static byte[] Reason(string? field, string code, string message, int? op = null)
    {
        string place = op is int index ? string.Create(CultureInfo.InvariantCulture, $"\"op\":{index},") : "";
        return Encoding.UTF8.GetBytes(
            $"{{\"field\":{Quoted(field)},\"code\":{Quoted(code)},{place}\"message\":{Quoted(message)},\"value\":");
    }

    /// <summary>Of bytes that are no UTF-8; null where all are, and only an escape says what is no character.</summary>
    private byte[]? OfInvalidUtf8(in RecordError error, in Reject reject)
    {
        // A record that is no text has an error where that text begins which is not right.
        (int start, int end) = (reject.RawStart, reject.RawStart + reject.RawLength);
        if (chunk.Load.Transform is { IsText: false })
        {
            (start, end) = (error.ValueStart, error.ValueLength > 0 ? error.ValueStart + error.ValueLength : end);
        }

        ReadOnlySpan<byte> record = chunk.Bytes.Span[start..end];
        int place = WrongBytes.FindInvalidUtf8(record, out int count);
        if (place < 0 || chunk.Load.Transform?.Text is not null)
        {
            return null;
        }

        var words = RecordReason.Of(error, chunk.Load.Plan.Rows);
        string where = ErrorMessages.ForUtf8(record.Slice(place, count), places.AsSent(start + place));
        return Reason(words.Field?.Name, words.Code, where, error.Op);
    }

    /// <summary>Of bytes that are no characters: which, and where in the text as it was sent.</summary>
    private byte[] OfWrongBytes(int start)
    {
        Span<byte> bytes = stackalloc byte[BytesToldMax];
        bytes = bytes[..WrongBytes.Read(chunk.Bytes.Span[start..], bytes)];
        string message = ErrorMessages.For(bytes, places.AsSent(start), chunk.Load.Transform!.Text!.Encoding);
        return Reason(field: null, RecordErrorCodes.NameOf(RecordErrorCode.InvalidEncoding), message);
    }

    /// <summary>jsonb cannot hold U+0000.</summary>
    public static string Quoted(string? text) =>
        JsonSerializer.Serialize(text?.Replace('\0', '\uFFFD'), PipelineJson.Options);
}
