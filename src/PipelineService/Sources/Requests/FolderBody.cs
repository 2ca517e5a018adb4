using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Sources.Folders;

namespace PipelineService.Sources.Requests;

/// <summary>What is said of a folder that is to be watched. Whether it is there is seen when it is looked at.</summary>
internal static class FolderBody
{
    private const string Expected = "Must be an object with \"root\": say which folder is to be watched.";
    private const int PathLengthMax = 1_000;
    private const int NameLengthMax = 100;

    /// <returns>Null when something is wrong with it, which is among the faults of the body then.</returns>
    public static FolderSettings? Read(JsonBody body, SourcesOptions options)
    {
        if (body.Part(SourceKinds.Folder, Expected) is not { } folder)
        {
            if (!body.Faults.ContainsKey($"/{SourceKinds.Folder}"))
            {
                body.Add(SourceKinds.Folder, Expected);
            }

            return null;
        }

        folder.CheckMembers("root", "path", "pattern", "settle", "interval", "after", "done", "failed");
        FolderSettings settings = new(
            RootOf(folder, options),
            PathOf(folder),
            PatternOf(folder),
            TimeOf(folder, "settle", FolderSettings.SettleDefault, TimeSpan.Zero, FolderSettings.SettleMax),
            TimeOf(folder, "interval", FolderSettings.IntervalDefault, FolderSettings.IntervalMin, FolderSettings.IntervalMax),
            AfterOf(folder, FolderAfter.Move),
            NameOf(folder, "done", FolderSettings.DoneName),
            NameOf(folder, "failed", FolderSettings.FailedName));
        return settings;
    }

    private static string RootOf(JsonBody folder, SourcesOptions options)
    {
        string? root = folder.Text("root");
        if (root is null || !options.Folders.ContainsKey(root))
        {
            string known = options.Folders.Count == 0
                ? "It has none: set Sources:Folders."
                : $"It has {string.Join(", ", options.Folders.Keys.Order(StringComparer.Ordinal))}.";
            string fault = root is null ? "Is missing: say" : $"\"{Excerpt.Of(root)}\" is none of what the service is told of. Say";
            folder.Add("root", $"{fault} which folder. {known}");
        }

        return root ?? "";
    }

    private static string PathOf(JsonBody folder)
    {
        string path = folder.Text("path") ?? "";
        bool isPlain = path.Length <= PathLengthMax && (path.Length == 0 || path.Split('/').All(IsPlainName));
        if (!isPlain)
        {
            folder.Add(
                "path", $"\"{Excerpt.Of(path)}\" is no path below the root, such as partners/acme: without .. and . and empty names.");
        }

        return path;
    }

    public static string PatternOf(JsonBody folder)
    {
        string pattern = folder.Text("pattern") ?? FolderSettings.PatternOfAll;
        if (pattern.Length is 0 or > NameLengthMax || pattern.Contains('/', StringComparison.Ordinal) || pattern.Any(char.IsControl))
        {
            folder.Add("pattern", $"Must be the name of files with * and ?, of 1 to {NameLengthMax} characters, such as *.csv.");
        }

        return pattern;
    }

    public static TimeSpan TimeOf(JsonBody folder, string name, TimeSpan otherwise, TimeSpan min, TimeSpan max)
    {
        if (folder.Text(name) is not { } text)
        {
            return otherwise;
        }

        TimeSpan? time = DurationText.Parse(text);
        if (time is null || time < min || time > max)
        {
            folder.Add(
                name,
                $"Must be a duration from {DurationText.Format(min)} to {DurationText.Format(max)}, such as "
                    + $"{DurationText.Format(otherwise)}.");
        }

        return time ?? otherwise;
    }

    public static string AfterOf(JsonBody folder, string otherwise)
    {
        string after = folder.Text("after") ?? otherwise;
        if (!FolderAfter.All.Contains(after))
        {
            folder.Add(
                "after",
                $"\"{Excerpt.Of(after)}\" is none of {string.Join(", ", FolderAfter.All)}.{Suggestion.For(after, FolderAfter.All)}");
        }

        return after;
    }

    public static string NameOf(JsonBody folder, string member, string otherwise)
    {
        string name = folder.Text(member) ?? otherwise;
        if (name.Length > NameLengthMax || !IsPlainName(name) || name[0] == '.')
        {
            folder.Add(member, $"Must be the name of a folder in it, of 1 to {NameLengthMax} characters, that begins with no dot.");
        }

        return name;
    }

    /// <summary>A name that means nothing but what is called by it.</summary>
    private static bool IsPlainName(string name) =>
        name.Length is > 0 and <= 255 && name is not ("." or "..") && !name.Any(c => c is '/' or '\\' or ':' || char.IsControl(c));
}
