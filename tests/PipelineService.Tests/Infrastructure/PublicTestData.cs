using System.Text.Json;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A case of a public suite.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Expect"><c>accept</c>, <c>reject</c> or <c>either</c>; of files with rows <c>rows</c> or <c>rows_or_unsupported</c>.</param>
/// <param name="Rows">What is in it, as JSON; null where that is not given.</param>
internal sealed record PublicCase(string Id, byte[] Bytes, string Expect, string? Rows);

/// <summary>
/// Public test data, which is no part of the repository: a folder <c>shared/testdata</c> beside one of the folders above it, or the one that
/// the variable names. Tests that need it are skipped without.
/// </summary>
internal static class PublicTestData
{
    private const string Variable = "PIPELINE_TEST_DATA";

    /// <summary>The cases of a suite, by its list; skips the test where the suite is not there.</summary>
    public static IReadOnlyList<PublicCase> CasesOf(string suite)
    {
        string folder = FolderOf(suite);
        return
        [
            .. File.ReadLines(Path.Combine(folder, "cases.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).Select(line => new PublicCase(
                line.GetProperty("id").GetString()!,
                File.ReadAllBytes(Path.Combine(folder, line.GetProperty("file").GetString()!)),
                line.GetProperty("expect").GetString()!,
                line.TryGetProperty("expected_json", out JsonElement rows) ? File.ReadAllText(Path.Combine(folder, rows.GetString()!)) : null)),
        ];
    }

    /// <summary>A file of a suite; skips the test where the suite is not there.</summary>
    public static byte[] Read(string suite, string file) => File.ReadAllBytes(Path.Combine(FolderOf(suite), file));

    private static string FolderOf(string suite)
    {
        string? folder = Folders().Select(above => Path.Combine(above, suite)).FirstOrDefault(path => File.Exists(Path.Combine(path, "SOURCE.json")));
        Assert.SkipWhen(folder is null, $"{suite} is not here: {Variable} names the folder that has it.");
        return folder!;
    }

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            yield return named;
        }

        for (DirectoryInfo? above = new(RepositoryFiles.Root); above is not null; above = above.Parent)
        {
            yield return Path.Combine(above.FullName, "shared", "testdata");
        }
    }
}
