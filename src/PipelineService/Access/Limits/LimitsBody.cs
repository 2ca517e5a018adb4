using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>Limits as requests write them: an object with some of three numbers; null, or nothing, for none.</summary>
internal static class LimitsBody
{
    public const string Member = "limits";

    private static readonly string[] Members = ["requestsPerMinute", "bytesPerMinute", "uploadsAtOnce"];

    /// <summary>The member <c>limits</c> of a body.</summary>
    public static CallLimits? Of(JsonBody body) =>
        body.Part(Member, $"Must be an object with some of {string.Join(", ", Members)}, or null.") is { } limits ? Read(limits) : null;

    /// <summary>An object that is nothing but limits.</summary>
    public static CallLimits? Read(JsonBody limits)
    {
        limits.CheckMembers(Members);
        CallLimits read = new(
            (int?)limits.WholeNumber(Members[0], 1, LimitsOptionsValidator.RequestsMax),
            limits.WholeNumber(Members[1], LimitsOptionsValidator.BytesMin, LimitsOptionsValidator.BytesMax),
            (int?)limits.WholeNumber(Members[2], 1, LimitsOptionsValidator.UploadsMax));
        return read == CallLimits.None ? null : read;
    }
}
