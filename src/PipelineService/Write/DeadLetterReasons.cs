using System.Globalization;
using System.Text;
using System.Text.Json;
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
internal sealed class DeadLetterReasons(TransformedChunk chunk)
{
    /// <summary>
    /// Characters of a sentence of the database that a reason keeps: a trigger may put a whole value into it.
    /// </summary>
    private const int MessageLengthMax = 1_000;

    private readonly Dictionary<(short Column, RecordErrorCode Code, JsonLineShape Line, int? Op, ExpressionError Expression), byte[]> _known = [];
    private (RecordErrorCode Code, FieldCounts Fields, byte[] Reason) _lastCounted;

    /// <summary>The members of a reason up to the value, which is to follow with the closing brace.</summary>
    public byte[] Of(in RecordError error, in Reject reject)
    {
        if (error.Fields.Found != error.Fields.Expected)
        {
            return Of(error.Code, error.Fields);
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

    /// <summary>jsonb cannot hold U+0000.</summary>
    public static string Quoted(string? text) =>
        JsonSerializer.Serialize(text?.Replace('\0', '\uFFFD'), PipelineJson.Options);
}
