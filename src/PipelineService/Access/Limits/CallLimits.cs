using System.Text.Json;
using System.Text.Json.Serialization;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>How much somebody may send to an instance; what is null has no limit of its own.</summary>
/// <param name="RequestsPerMinute">Calls: so many at once, and as many a minute in the long run.</param>
/// <param name="BytesPerMinute">Bytes of the bodies of uploads, as they are sent: the same.</param>
/// <param name="UploadsAtOnce">Uploads that arrive at the same time.</param>
public sealed record CallLimits(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? RequestsPerMinute = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? BytesPerMinute = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? UploadsAtOnce = null)
{
    public static CallLimits None { get; } = new();

    /// <summary>These, and where they say nothing others.</summary>
    public CallLimits Or(CallLimits others) => new(
        RequestsPerMinute ?? others.RequestsPerMinute, BytesPerMinute ?? others.BytesPerMinute, UploadsAtOnce ?? others.UploadsAtOnce);

    /// <summary>As the database keeps them; null for none.</summary>
    internal string? ToJson() => this == None ? null : JsonSerializer.Serialize(this, PipelineJson.Options);

    /// <summary>What the database has; what a newer version has written there beside is passed over.</summary>
    internal static CallLimits? OfJson(string? json) =>
        json is null ? null : JsonSerializer.Deserialize<CallLimits>(json, PipelineJson.Options);
}
