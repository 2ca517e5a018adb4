using System.Reflection;

namespace PipelineService.Tests.Repository;

/// <summary>The files of the repository that this assembly was built from.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = typeof(RepositoryFiles).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    public static string Service { get; } = Path.Combine(Root, "src", "PipelineService");

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    /// <summary>Files below a folder, each with its path from there; in the order of their names.</summary>
    public static IEnumerable<(string Path, string Text)> Below(string folder, string pattern) =>
        from path in Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        select (Path.GetRelativePath(folder, path), File.ReadAllText(path));
}
