using System.Text.Json.Serialization;

namespace PipelineService.Sources.Folders;

/// <summary>A watched folder, as it is stored.</summary>
/// <param name="Root">Which of <c>Sources:Folders</c> it is in.</param>
/// <param name="Path">The folder in that, with slashes; empty for that itself.</param>
/// <param name="Pattern">Which files: <c>*</c> and <c>?</c>.</param>
/// <param name="Settle">How long a file must have been the same.</param>
/// <param name="Interval">How often it is looked.</param>
/// <param name="After">What becomes of a file that was taken: one of <see cref="FolderAfter"/>.</param>
/// <param name="Done">The folder for what was taken.</param>
/// <param name="Failed">The folder for what could not be.</param>
internal sealed record FolderSettings(
    string Root, string Path, string Pattern, TimeSpan Settle, TimeSpan Interval, string After, string Done, string Failed)
{
    public const string PatternOfAll = "*";
    public const string DoneName = "done";
    public const string FailedName = "failed";

    public static readonly TimeSpan SettleDefault = TimeSpan.FromSeconds(2);
    public static readonly TimeSpan SettleMax = TimeSpan.FromHours(1);
    public static readonly TimeSpan IntervalDefault = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan IntervalMin = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan IntervalMax = TimeSpan.FromDays(1);

    /// <summary>Two sources with the same place would take the same files.</summary>
    [JsonIgnore]
    public string Place => $"{Root}/{Path}";
}

/// <summary>What becomes of files that were taken.</summary>
internal static class FolderAfter
{
    public const string Move = "move";
    public const string Keep = "keep";
    public const string Delete = "delete";

    public static readonly string[] All = [Move, Keep, Delete];
}
