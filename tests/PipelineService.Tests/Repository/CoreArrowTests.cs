using System.Text.RegularExpressions;

namespace PipelineService.Tests.Repository;

/// <summary>
/// The rooms of Core stand on each other in one order, from what is declared to what is made of it; none uses one above it, so
/// that there is no circle.
/// </summary>
public sealed partial class CoreArrowTests
{
    private static readonly string[] Rooms = ["Datasets", "Rules", "Values", "Scoring", "Lookups", "Parsing", "Encoding", "Profiles", "Views", "Transforms", "Rejects"];

    /// <summary>Beside the way of the data: what it is unpacked from, and what becomes of records, counted by the rules' codes.</summary>
    private static readonly string[] Beside = ["Compression", "Jobs"];

    private static readonly string Core = Path.Combine(RepositoryFiles.Root, "src", "PipelineService.Core");

    private static (string Path, string Room, string Text)[] Sources =>
        [.. RepositoryFiles.Below(Core, "*.cs").Select(file => (file.Path, file.Path.Split('/', '\\')[0], file.Text))];

    [Fact]
    public void Every_room_has_its_place() =>
        Assert.Equal(Rooms.Concat(Beside).Order(), Sources.Select(source => source.Room).Distinct().Order());

    [Fact]
    public void No_room_uses_one_above_it() => Assert.Empty(
        from source in Sources
        from used in Using().Matches(source.Text).Select(match => match.Groups[1].Value)
        where used != source.Room && !MayUse(source.Room, used)
        select $"{source.Path} uses {used}");

    private static bool MayUse(string room, string used) =>
        Beside.Contains(room) ? used == "Rules" : Rooms.IndexOf(used) is int level and >= 0 && level < Rooms.IndexOf(room);

    [GeneratedRegex(@"\bPipelineService\.Core\.(\w+)")]
    private static partial Regex Using();
}
