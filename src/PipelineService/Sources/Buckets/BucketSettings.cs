using System.Text.Json.Serialization;

namespace PipelineService.Sources.Buckets;

/// <summary>A part of a bucket, as it is stored.</summary>
/// <param name="Store">Which of <c>Sources:Stores</c> it is in.</param>
/// <param name="Prefix">How keys begin; empty: any.</param>
/// <param name="Pattern">Which of them, by what stands behind their last slash: <c>*</c> and <c>?</c>.</param>
/// <param name="After">What becomes of an object that was taken: <c>keep</c>, <c>move</c> or <c>delete</c>.</param>
/// <param name="Done">What is put between the prefix and the rest of the key of what was taken.</param>
/// <param name="Failed">The same of what could not be.</param>
internal sealed record BucketSettings(
    string Store, string Bucket, string Prefix, string Pattern, TimeSpan Interval, string After, string Done, string Failed)
{
    /// <summary>Two sources with the same place would take the same objects.</summary>
    [JsonIgnore]
    public string Place => $"{Store}/{Bucket}/{Prefix}";
}
