using System.Globalization;
using System.Security.Cryptography;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Power cuts of database and spool together: a few in every test run that may mount a disk; as many as wanted by hand, with
/// <c>PIPELINE_POWER_CUTS</c> and <c>PIPELINE_POWER_SEED</c>. <c>PIPELINE_POWER_RESULTS</c> names a file to which a line of
/// results is added.
/// </summary>
public sealed class PowerCutTests
{
    public static readonly TheoryData<string> OneForgetful = OneForm.Of(Database, Spool);

    private const string Database = "database";
    private const string Spool = "spool";
    private const int CutsDefault = 2;

    /// <summary>A control ends with the first loss that is found. About every second cut finds one.</summary>
    private const int ControlCutsMax = 15;

    private static readonly string[] LibraryFolders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
    private static readonly Dictionary<string, string> AsynchronousCommits = new() { ["synchronous_commit"] = "off" };
    private static readonly Dictionary<string, string> NoFlushes = new() { ["fsync"] = "off" };

    [Fact]
    public async Task Power_cut_loses_nothing_that_was_answered()
    {
        (IReadOnlyList<string> faults, _) = await CutAsync(Setting("CUTS") ?? CutsDefault);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    /// <summary>
    /// The service flushes the end of a job even where the database would rather confirm it unflushed. By hand only:
    /// <c>DurableCommitTests</c> look at every commit.
    /// </summary>
    [Fact]
    public async Task Power_cut_loses_nothing_where_commits_are_asynchronous()
    {
        Assert.SkipWhen(Setting("CUTS") is null, "by hand: PIPELINE_POWER_CUTS says how many cuts");

        (IReadOnlyList<string> faults, _) = await CutAsync(Setting("CUTS") ?? 0, AsynchronousCommits);

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Theory]
    [MemberData(nameof(OneForgetful))]
    public async Task Checker_sees_who_forgets_without_fsync(string forgetful)
    {
        string? library = forgetful == Spool ? FindEatMyData() : null;
        Assert.SkipWhen(
            forgetful == Spool && library is null, "a service whose flushes do nothing needs libeatmydata.so (package eatmydata)");

        (IReadOnlyList<string> faults, string results) = forgetful == Spool
            ? await CutAsync(ControlCutsMax, preload: library)
            : await CutAsync(ControlCutsMax, NoFlushes);

        Assert.True(faults.Count > 0, $"A power cut of a {forgetful} that flushes nothing was not noticed: {results}");
    }

    /// <summary>Where packages put it: in the folder of libraries, or in one below it that bears the machine's name.</summary>
    private static string? FindEatMyData()
    {
        string[] parents = [.. LibraryFolders.Where(Directory.Exists)];
        return parents.Concat(parents.SelectMany(Directory.EnumerateDirectories))
            .Select(folder => Path.Combine(folder, "libeatmydata.so"))
            .FirstOrDefault(File.Exists);
    }

    private static async Task<(IReadOnlyList<string> Faults, string Results)> CutAsync(
        int cuts, IReadOnlyDictionary<string, string>? serverSettings = null, string? preload = null)
    {
        string? missing = CuttableDisk.Missing();
        Assert.SkipWhen(missing is not null, missing ?? "");
        int seed = Setting("SEED") ?? RandomNumberGenerator.GetInt32(1_000_000);
        TestContext.Current.SendDiagnosticMessage("power cuts: seed {0}", seed);
        await using PowerCuts power = new(seed, serverSettings, preload);
        try
        {
            IReadOnlyList<string> faults = await power.RunAsync(cuts);
            foreach (string fault in faults.SkipLast(1))
            {
                TestContext.Current.SendDiagnosticMessage("power cuts: {0}", fault);
            }

            if (Environment.GetEnvironmentVariable("PIPELINE_POWER_RESULTS") is { Length: > 0 } results)
            {
                string test = TestContext.Current.TestMethod!.MethodName;
                await File.AppendAllTextAsync(results, $"| {test} {power}\n", TestContext.Current.CancellationToken);
            }

            return (faults, power.ToString());
        }
        catch (DiskUnavailableException e)
        {
            Assert.Skip($"power cuts need a machine that may mount: {e.Message}");
            throw;
        }
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable($"PIPELINE_POWER_{name}") is { Length: > 0 } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : null;
}
