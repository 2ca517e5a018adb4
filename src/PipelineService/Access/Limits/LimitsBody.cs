using System.Text.Json;

namespace PipelineService.Access.Limits;

/// <summary>Limits as requests write them: an object with some of three numbers; null, or nothing, for none.</summary>
internal static class LimitsBody
{
    public const string Member = "limits";

    private const string At = $"/{Member}";

    private static readonly string[] Members = ["requestsPerMinute", "bytesPerMinute", "uploadsAtOnce"];

    /// <summary>The member <c>limits</c> of a body.</summary>
    public static CallLimits? Of(JsonElement body, Dictionary<string, string[]> faults)
    {
        if (!body.TryGetProperty(Member, out JsonElement limits) || limits.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (limits.ValueKind == JsonValueKind.Object)
        {
            return Read(limits, At, faults);
        }

        faults[At] = [$"Must be an object with some of {string.Join(", ", Members)}, or null."];
        return null;
    }

    /// <summary>An object that is nothing but limits.</summary>
    /// <param name="at">A JSON pointer to it.</param>
    public static CallLimits? Read(JsonElement limits, string at, Dictionary<string, string[]> faults)
    {
        BoundedJson.CheckMembers(limits, at, Members, faults);
        CallLimits read = new(
            (int?)BoundedJson.WholeNumber(limits, at, Members[0], 1, LimitsOptionsValidator.RequestsMax, faults),
            BoundedJson.WholeNumber(limits, at, Members[1], LimitsOptionsValidator.BytesMin, LimitsOptionsValidator.BytesMax, faults),
            (int?)BoundedJson.WholeNumber(limits, at, Members[2], 1, LimitsOptionsValidator.UploadsMax, faults));
        return read == CallLimits.None ? null : read;
    }
}
