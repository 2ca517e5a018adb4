using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions;

/// <summary>Where the rows go and when they become visible.</summary>
public sealed record LoadDocument
{
    /// <summary>schema.table, or table in schema public; default the dataset's name. Created when missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Table { get; init; }

    /// <summary>
    /// `append`: rows come in addition to those that are there; `replace`: those of an upload take the place of all that the
    /// table has, in one
    /// moment.
    /// </summary>
    [DefaultValue("append")]
    [Words("LoadMode", typeof(DefinitionWords), nameof(DefinitionWords.Modes))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Mode { get; init; }

    /// <summary>`job`: all rows of an upload become visible together; `chunk`: as they land.</summary>
    [DefaultValue("job")]
    [Words("CommitPolicy", typeof(DefinitionWords), nameof(DefinitionWords.Commits))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Commit { get; init; }

    /// <summary>Whether rows carry _job_id and _record.</summary>
    [DefaultValue(true)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Lineage { get; init; }

    /// <summary>
    /// How long the bytes of an upload stay after its job's end, for a re-run: an ISO 8601 duration of a minute to ten years, such as
    /// `P7D`. They count in the spool's quota. Default: they go with the job's end.
    /// </summary>
    [RegularExpression(DurationText.Pattern)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? KeepUpload { get; init; }
}

/// <summary>How many rejected records a job bears before it fails; null is no limit.</summary>
public sealed record RejectsDocument
{
    public long? MaxCount { get; init; }

    /// <summary>Rejected records divided by records read, 0 to 1.</summary>
    [Range(0, 1)]
    public double? MaxRatio { get; init; }
}
