using System.Buffers;
using System.Text.Json;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Definitions;

/// <summary>Takes the body of a request that holds a definition: bounded, strict JSON, or a problem.</summary>
internal static class DefinitionBody
{
    /// <summary>Room for 1,598 fields at 650 bytes each.</summary>
    public const int BytesMax = 1024 * 1024;

    public static async Task<(JsonDocument? Json, Problem? Problem)> ReadAsync(
        HttpRequest request, CancellationToken cancellationToken)
    {
        // curl -T names no type; what is no JSON is found out anyway.
        if (!string.IsNullOrEmpty(request.ContentType) && !request.HasJsonContentType())
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

    /// <summary>Parses strictly: see <see cref="StrictJson"/>.</summary>
    public static (JsonDocument? Json, Problem? Problem) Parse(ReadOnlyMemory<byte> json) =>
        StrictJson.FaultOf(json.Span) is string fault
            ? (null, DatasetProblems.MalformedJson(fault))
            : (JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = StrictJson.DepthMax }), null);
}
