using System.Text.Json;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Access;

/// <summary>The body of a request as strict JSON of a bounded length, or a problem.</summary>
internal static class BoundedJson
{
    public const int BytesMax = 64 << 10;

    /// <param name="invalid">What is answered to a body that is no object.</param>
    public static async Task<(JsonDocument? Json, Problem? Problem)> ReadAsync(
        HttpRequest request, Func<IReadOnlyDictionary<string, string[]>, Problem> invalid, bool isOptional, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BytesMax + 1];
        int length = request.ContentLength > BytesMax
            ? buffer.Length
            : await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == 0 && isOptional)
        {
            return (null, null);
        }

        if (length > BytesMax)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, $"It has at most {BytesMax} bytes."));
        }

        if (!string.IsNullOrEmpty(request.ContentType) && !request.HasJsonContentType())
        {
            return (null, ErrorAnswers.Describe(
                StatusCodes.Status415UnsupportedMediaType,
                "Send it as application/json: with curl, -H 'Content-Type: application/json'."));
        }

        if (StrictJson.FaultOf(buffer.AsSpan(0, length)) is { } fault)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status400BadRequest, fault));
        }

        var json = JsonDocument.Parse(buffer.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = StrictJson.DepthMax });
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return (json, null);
        }

        json.Dispose();
        return (null, invalid(new Dictionary<string, string[]> { [""] = ["Must be an object."] }));
    }

    /// <summary>Says of each member that there is none of that name.</summary>
    /// <param name="at">A JSON pointer to the object.</param>
    public static void CheckMembers(JsonElement body, string at, string[] known, Dictionary<string, string[]> faults)
    {
        foreach (JsonProperty member in body.EnumerateObject().Where(member => !known.Contains(member.Name)).Take(Problem.UnknownShownMax))
        {
            string shown = Core.Rules.Excerpt.Of(member.Name);
            faults[$"{at}/{shown}"] = [$"There is no such member.{Suggestion.For(member.Name, known)} There are {string.Join(", ", known)}."];
        }
    }

    /// <summary>A whole number; null where there is none, or one that cannot be taken.</summary>
    public static long? WholeNumber(
        JsonElement body, string at, string name, long min, long max, Dictionary<string, string[]> faults)
    {
        if (!body.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= min && number <= max)
        {
            return number;
        }

        faults[$"{at}/{name}"] = [FormattableString.Invariant($"Must be a whole number from {min:N0} to {max:N0}, or null for no limit.")];
        return null;
    }
}
