using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>
/// What a service is asked, as a JSON object: its names in one order and its values in one form, so that equal questions are equal
/// bytes, whoever asks.
/// </summary>
/// <param name="inputs">The names, in the order of the key.</param>
internal sealed class ServiceInput(ImmutableArray<LookupColumn> inputs)
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly int[] _order =
        [.. Enumerable.Range(0, inputs.Length).OrderBy(place => inputs[place].Name, StringComparer.Ordinal)];

    /// <param name="key">The values, as <see cref="LookupKey"/> writes them.</param>
    public byte[] Of(ReadOnlySpan<byte> key)
    {
        var values = new TypedValue[inputs.Length];
        LookupKey.Read(key, inputs, (place, value) => values[place] = value);
        ArrayBufferWriter<byte> written = new();
        using Utf8JsonWriter json = new(written, Plain);
        json.WriteStartObject();
        foreach (int place in _order)
        {
            json.WritePropertyName(inputs[place].Name);
            Write(json, values[place]);
        }

        json.WriteEndObject();
        json.Flush();
        return written.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, in TypedValue value)
    {
        switch (value.Kind)
        {
            case TypedKind.Text:
                json.WriteStringValue(value.Text.Span);
                break;
            case TypedKind.Json:
                json.WriteRawValue(value.Text.Span);
                break;
            case TypedKind.Integer:
                json.WriteNumberValue(value.Word);
                break;
            case TypedKind.Number:
                json.WriteNumberValue(value.Number);
                break;
            case TypedKind.Boolean:
                json.WriteBooleanValue(value.Word != 0);
                break;
            case TypedKind.Float when double.IsFinite(value.Float):
                json.WriteNumberValue(value.Float);
                break;
            default:
                json.WriteStringValue(TextOf(value));
                break;
        }
    }

    /// <summary>Dates and times as RFC 3339 has them.</summary>
    private static string TextOf(in TypedValue value)
    {
        Span<byte> text = stackalloc byte[TypedText.BytesMax];
        string written = System.Text.Encoding.ASCII.GetString(text[..TypedText.Write(value, text)]);
        return value.Kind switch
        {
            TypedKind.LocalDateTime => written.Replace(' ', 'T'),
            TypedKind.DateTime => written.Replace(' ', 'T').Replace("+00", "Z", StringComparison.Ordinal),
            _ => written,
        };
    }
}
