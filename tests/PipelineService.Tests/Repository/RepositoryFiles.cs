using System.Reflection;

namespace PipelineService.Tests.Repository;

/// <summary>The files of the repository that this assembly was built from.</summary>
internal static class RepositoryFiles
{
    private const int DepthMax = 12;

    public static string Root { get; } = typeof(RepositoryFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static string Service { get; } = Path.Combine(Root, "src", "PipelineService");

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>
    /// Files below a folder, each with its path from there; in the order of their names. Hidden folders are none of the
    /// repository's, and links are not followed: one may lead back to where it came from.
    /// </summary>
    public static IEnumerable<(string Path, string Text)> Below(string folder, string pattern)
    {
#pragma warning disable RS0030 // a folder that we know, without links
        EnumerationOptions tree = new()
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint,
            MaxRecursionDepth = DepthMax,
        };
#pragma warning restore RS0030
        return from path in Directory.EnumerateFiles(folder, pattern, tree).Order(StringComparer.Ordinal)
               select (Path.GetRelativePath(folder, path), File.ReadAllText(path));
    }
}
