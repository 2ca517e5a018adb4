using PipelineService.EveryAssembly;
using PipelineService.Tests.Access.Audit;
using PipelineService.Tests.Contracts.Hostile;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Intake;
using PipelineService.Tests.Jobs.Traces;
using PipelineService.Tests.Spool.Conversion;
using PipelineService.Tests.Spool.Formats;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The commands that run the tests of this folder for as long as somebody has patience:
/// <c>dotnet run --project tests/PipelineService.Tests -- torture --cycles 500 --seed 7</c>. Every option sets the
/// environment variable by which <c>dotnet test</c> can be told the same.
/// </summary>
internal static class ByHand
{
    private static readonly Command[] Commands =
    [
        new("torture", typeof(TortureTests), [
            new("cycles", "PIPELINE_TORTURE_CYCLES"), new("seed", "PIPELINE_TORTURE_SEED"),
            new("instances", "PIPELINE_TORTURE_INSTANCES"), new("results", "PIPELINE_TORTURE_RESULTS")]),
        new("power-cuts", typeof(PowerCutTests), [
            new("cuts", "PIPELINE_POWER_CUTS"), new("seed", "PIPELINE_POWER_SEED"), new("results", "PIPELINE_POWER_RESULTS")]),
        new("lost-commits", typeof(UnknownOutcomeTests), [new("count", "PIPELINE_LOST_COMMITS")]),
        new("frozen-workers", typeof(FrozenWorkerTests), [
            new("count", "PIPELINE_FROZEN_WORKERS"), new("lease", "PIPELINE_FROZEN_LEASE")]),
        new("outage", typeof(OutageTests), [new("seconds", "PIPELINE_OUTAGE_SECONDS")]),
        new("service-outage", typeof(ServiceOutageTests), [new("seconds", ServiceOutageTests.Variable)]),
        new("pinned", typeof(PinnedLookupTests), [new("records", PinnedLookupTests.Variable)]),
        new("hostile", typeof(HostileRequestsTests), [
            new("requests", "PIPELINE_HOSTILE_REQUESTS"), new("seed", "PIPELINE_HOSTILE_SEED")]),
        new("mutated-files", typeof(MutatedFilesTests), [new("files", "PIPELINE_MUTATED_FILES"), new("seed", "PIPELINE_MUTATED_SEED")]),
        new("cuts", typeof(CutFilesTests), [new("step", CutFilesTests.Variable)]),
        new("any-data", typeof(AnyDataTests), [new("seconds", ByHandFor.SecondsVariable), new("seed", ByHandFor.SeedVariable)]),
        new("any-form", typeof(AnyFormTests), [new("seconds", ByHandFor.SecondsVariable), new("seed", ByHandFor.SeedVariable)]),
        new("any-pages", typeof(PageChecksTests), [new("seconds", ByHandFor.SecondsVariable), new("seed", ByHandFor.SeedVariable)]),
        new("audit", typeof(AuditChainTests), [new("entries", "PIPELINE_AUDIT_ENTRIES")]),
        new("audit-verify", typeof(AuditVerifierTests), [new("entries", AuditVerifierTests.Variable)]),
        new("traces", typeof(TripTraceTests), [
            new("records", TripTraceTests.RecordsVariable), new("traces", TripTraceTests.TracesVariable)]),
        new("every-step", typeof(DeathAtEveryStepTests), [new("times", "PIPELINE_EVERY_STEP_TIMES")]),
    ];

    /// <summary>Each command with its options.</summary>
    public static IEnumerable<string> Usage =>
        Commands.Select(c => $"{c.Name} {string.Join(", ", c.Options.Select(o => $"--{o.Name}"))}");

    /// <returns>The arguments for the test runner, or null when the line begins with none of the commands.</returns>
    /// <exception cref="ArgumentException">An option is unknown or lacks its value; the message lists what there is.</exception>
    public static string[]? Parse(string[] args)
    {
        // dotnet run puts in front what dotnet test is told for its result file.
        int at = Array.FindIndex(args, arg => Commands.Any(c => c.Name == arg));
        if (at < 0)
        {
            return null;
        }

        args = args[at..];
        string name = args[0];
        Command command = Commands.First(c => c.Name == name);
        for (int i = 1; i < args.Length; i += 2)
        {
            Option? option = command.Options.FirstOrDefault(o => $"--{o.Name}" == args[i]);
            if (option is null || i + 1 == args.Length)
            {
                throw new ArgumentException(
                    $"'{args[i]}': {name} takes {string.Join(", ", command.Options.Select(o => $"--{o.Name} VALUE"))}.");
            }

            Environment.SetEnvironmentVariable(option.Variable, args[i + 1]);
        }

        Environment.SetEnvironmentVariable(TestWatchdog.LimitVariable, "0");
        return ["-class", command.Tests.FullName!, "-diagnostics", "-noLogo"];
    }

    private sealed record Command(string Name, Type Tests, Option[] Options);

    private sealed record Option(string Name, string Variable);
}
