using System.Globalization;
using System.Security.Cryptography;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The torture harness: a bounded set in every test run; as long as wanted by hand, with <c>PIPELINE_TORTURE_CYCLES</c>
/// and <c>PIPELINE_TORTURE_SEED</c>, on <c>PIPELINE_TORTURE_INSTANCES</c> instances. <c>PIPELINE_TORTURE_RESULTS</c> names a file to which a line of results is added.
/// </summary>
public sealed class TortureTests
{
    private const int CyclesDefault = 8;
    private static readonly TimeSpan AgeMaxDefault = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Torture_loses_nothing_and_doubles_nothing()
    {
        int? cycles = Setting("CYCLES");
        int seed = Setting("SEED") ?? RandomNumberGenerator.GetInt32(1_000_000);
        int instances = Setting("INSTANCES") ?? 1 + (seed % 2);
        TestContext.Current.SendDiagnosticMessage("torture: seed {0}, instances {1}", seed, instances);
        await using Torture torture = new(seed, instances);
        IReadOnlyList<string> faults = await torture.RunAsync(
            cycles ?? CyclesDefault, cycles is null ? AgeMaxDefault : TimeSpan.MaxValue);
        if (Environment.GetEnvironmentVariable("PIPELINE_TORTURE_RESULTS") is { Length: > 0 } results)
        {
            await File.AppendAllTextAsync(results, $"{torture}\n", TestContext.Current.CancellationToken);
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    private static int? Setting(string name) =>
        Environment.GetEnvironmentVariable($"PIPELINE_TORTURE_{name}") is { Length: > 0 } value
            ? int.Parse(value, CultureInfo.InvariantCulture)
            : null;
}
