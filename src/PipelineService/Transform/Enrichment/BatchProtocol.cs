using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// How a service is asked many things at once: <c>{"items":[{"id":0,"input":{…}}]}</c>, answered by
/// <c>{"items":[{"id":0,"output":{…}},{"id":1,"error":"…"}]}</c>, in any order.
/// </summary>
internal static class BatchProtocol
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>The body of a call.</summary>
    /// <param name="inputs">JSON objects; the id of each is its place.</param>
    public static byte[] Write(IReadOnlyList<byte[]> inputs)
    {
        ArrayBufferWriter<byte> body = new(inputs.Sum(input => input.Length + 24) + 16);
        using Utf8JsonWriter json = new(body);
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        for (int i = 0; i < inputs.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, i);
            json.WritePropertyName("input"u8);
            json.WriteRawValue(inputs[i], skipInputValidation: true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return body.WrittenMemory.ToArray();
    }

    /// <summary>Reads the answers to a call. Nothing of an answer counts that is not as it must be as a whole.</summary>
    /// <param name="body">What came.</param>
    /// <param name="answers">Takes the answers, by their ids; one that did not come is a fault of that question.</param>
    /// <returns>None, or what is wrong with all of it.</returns>
    public static RecordErrorCode Read(ReadOnlyMemory<byte> body, ServiceAnswer[] answers)
    {
        Array.Fill(answers, new ServiceAnswer(RecordErrorCode.EnrichmentWrongIds));
        if (!Utf8.IsValid(body.Span))
        {
            return RecordErrorCode.EnrichmentMalformed;
        }

        try
        {
            using var json = JsonDocument.Parse(body, Strict);
            if (json.RootElement.ValueKind != JsonValueKind.Object
                || !json.RootElement.TryGetProperty("items", out JsonElement items) || items.ValueKind != JsonValueKind.Array)
            {
                return RecordErrorCode.EnrichmentMalformed;
            }

            bool[] isThere = new bool[answers.Length];
            foreach (JsonElement item in items.EnumerateArray())
            {
                if (!TryRead(item, out long id, out ServiceAnswer answer))
                {
                    return RecordErrorCode.EnrichmentMalformed;
                }

                if (id < 0 || id >= answers.Length || isThere[id])
                {
                    return RecordErrorCode.EnrichmentWrongIds;
                }

                (isThere[id], answers[id]) = (true, answer);
            }

            return RecordErrorCode.None;
        }
        catch (JsonException)
        {
            return RecordErrorCode.EnrichmentMalformed;
        }
    }

    /// <summary>Reads the answer to one question, which is all of the body.</summary>
    public static ServiceAnswer ReadOne(ReadOnlyMemory<byte> body)
    {
        try
        {
            if (Utf8.IsValid(body.Span))
            {
                using var json = JsonDocument.Parse(body, Strict);
                return OutputOf(json.RootElement);
            }
        }
        catch (JsonException)
        {
            // Told below.
        }

        return new ServiceAnswer(RecordErrorCode.EnrichmentMalformed, Excerpt: ServiceExcerpt.Of(body.Span));
    }

    private static bool TryRead(JsonElement item, out long id, out ServiceAnswer answer)
    {
        (id, answer) = (-1, default);
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out JsonElement number)
            || number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out id))
        {
            return false;
        }

        bool hasOutput = item.TryGetProperty("output", out JsonElement output);
        bool hasError = item.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null;
        if (hasError && hasOutput && output.ValueKind == JsonValueKind.Null)
        {
            hasOutput = false; // both written out, the one that is not there as null
        }

        answer = hasError ? Failed(error) : hasOutput ? OutputOf(output) : default;
        return hasOutput != hasError;
    }

    private static ServiceAnswer OutputOf(JsonElement output) => output.ValueKind == JsonValueKind.Null
        ? ServiceAnswer.Missing
        : new ServiceAnswer(RecordErrorCode.None, Encoding.UTF8.GetBytes(output.GetRawText()));

    private static ServiceAnswer Failed(JsonElement error)
    {
        string text;
        try
        {
            text = error.ValueKind == JsonValueKind.String ? error.GetString()! : error.GetRawText();
        }
        catch (InvalidOperationException)
        {
            text = error.GetRawText(); // it has an escape that is half a character
        }

        return new ServiceAnswer(RecordErrorCode.EnrichmentFailed, Excerpt: ServiceExcerpt.Of(text));
    }
}
