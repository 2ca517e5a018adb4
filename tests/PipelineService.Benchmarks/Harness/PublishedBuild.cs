using System.Diagnostics;
using System.Formats.Tar;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// The folder of a published Release build of the service: of this work tree, of a commit, or one that is there.
/// </summary>
internal static class PublishedBuild
{
    private const string Assembly = "PipelineService.dll";

    /// <param name="source">A folder with a published build, a commit, or null for the work tree.</param>
    /// <param name="name">What the run calls it.</param>
    /// <param name="scratch">Where it goes when it is made here.</param>
    /// <returns>The folder.</returns>
    public static async Task<string> FindAsync(string? source, string name, string scratch)
    {
        string output = Path.Combine(scratch, $"build-{name}");
        if (source is null)
        {
            await PublishAsync(Laboratory.Repository, output, name, []);
            return output;
        }

        if (Directory.Exists(source))
        {
            string folder = Path.GetFullPath(source);
            return File.Exists(Path.Combine(folder, Assembly))
                ? folder
                : throw new UsageException($"{folder} holds no published build of the service.");
        }

        string commit = await FindCommitAsync(source);
        string tree = Path.Combine(scratch, $"source-{name}");
        Directory.CreateDirectory(tree);
        string archive = $"{tree}.tar";
        await Tool.RunAsync("git", ["-C", Laboratory.Repository, "archive", "--output", archive, commit]);
        await TarFile.ExtractToDirectoryAsync(archive, tree, overwriteFiles: true);
        await PublishAsync(tree, output, name, [$"-p:SourceRevisionId={commit}", "-p:RunAnalyzers=false"]);
        return output;
    }

    /// <summary>Its version and the commit that it was built from, as the build wrote them into the assembly.</summary>
    public static string VersionOf(string folder)
    {
        const int CommitLength = 10;
        var information = FileVersionInfo.GetVersionInfo(Path.Combine(folder, Assembly));
        string[] version = (information.ProductVersion ?? "").Split('+');
        return version is [_, string commit] ? commit[..Math.Min(CommitLength, commit.Length)] : version[0];
    }

    private static async Task<string> FindCommitAsync(string name)
    {
        try
        {
            string commit = await Tool.RunAsync(
                "git", ["-C", Laboratory.Repository, "rev-parse", "--verify", "--quiet", $"{name}^{{commit}}"]);
            return commit.Trim();
        }
        catch (InvalidOperationException)
        {
            throw new UsageException($"'{name}' is neither a folder nor a commit.");
        }
    }

    private static async Task PublishAsync(string tree, string output, string name, string[] more)
    {
        Console.WriteLine($"publishing {name}…");
        string project = Path.Combine(tree, "src", "PipelineService");
        await Tool.RunAsync("dotnet", ["publish", project, "-c", "Release", "-o", output, "--nologo", .. more]);
    }
}
