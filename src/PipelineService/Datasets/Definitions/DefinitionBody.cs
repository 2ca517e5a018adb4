using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions;

/// <summary>Takes the body of a request that holds a definition: bounded, strict JSON, or a problem.</summary>
internal static class DefinitionBody
{
    /// <summary>Room for 1,598 fields at 650 bytes each.</summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>A definition has six levels; metadata may have some of its own.</summary>
    private const int DepthMax = 32;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    public static async Task<(JsonDocument? Json, Problem? Problem)> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            return (null, DatasetProblems.UnsupportedMediaType(request.ContentType));
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            return (null, DatasetProblems.UnsupportedContentEncoding(request.Headers.ContentEncoding.ToString()));
        }

        // One byte more than allowed: reading it is how a body without a Content-Length shows that it is too large.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BytesMax + 1);
        try
        {
            int length = request.ContentLength > BytesMax
                ? BytesMax + 1
                : await request.Body.ReadAtLeastAsync(
                    buffer.AsMemory(0, BytesMax + 1), BytesMax + 1, throwOnEndOfStream: false, cancellationToken);
            return length > BytesMax
                ? (null, DatasetProblems.BodyTooLarge(BytesMax))
                : Parse(buffer.AsSpan(0, length).ToArray());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Parses strictly: <see cref="JsonDocument"/> by itself takes invalid UTF-8, half surrogate pairs and (unless told
    /// otherwise) the last of duplicate properties, and the first two would throw much later.
    /// </summary>
    public static (JsonDocument? Json, Problem? Problem) Parse(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
        {
            return (null, DatasetProblems.MalformedJson("The body is not valid UTF-8."));
        }

        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(json, Strict);
            ReadEveryText(document.RootElement);
            return (document, null);
        }
        catch (JsonException exception)
        {
            return (null, DatasetProblems.MalformedJson(exception.Message));
        }
        catch (InvalidOperationException)
        {
            document?.Dispose();
            return (null, DatasetProblems.MalformedJson("A text holds half of a surrogate pair."));
        }
    }

    private static void ReadEveryText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    ReadEveryText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadEveryText(property.Value);
                }

                break;
        }
    }
}
