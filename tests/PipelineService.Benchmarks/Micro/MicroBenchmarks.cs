using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Micro;

/// <summary>The hot path under BenchmarkDotNet: times are for comparing within a run, allocations are a gate.</summary>
internal static class MicroBenchmarks
{
    public static int Run(string[] args)
    {
        string output = Path.Combine(Laboratory.Repository, "artifacts", "benchmarks");

        // In this process: BenchmarkDotNet's own projects would neither find the solution's settings nor pass its analyzers.
        IConfig config = DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .WithArtifactsPath(output);
        Summary[] summaries = [.. BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly)
            .Run(args.Length == 0 ? ["--filter", "*"] : args, config)];

        bool isWhole = summaries.Length > 0
            && summaries.All(s => !s.HasCriticalValidationErrors && s.Reports.All(r => r.Success));
        if (isWhole && args.Length == 0)
        {
            Keep(output);
        }

        return isWhole ? 0 : 1;
    }

    /// <summary>Puts the tables of a full run beside the other results.</summary>
    private static void Keep(string output)
    {
        string results = Laboratory.ResultsDirectory;
        Directory.CreateDirectory(results);
        foreach (string table in Directory.GetFiles(Path.Combine(output, "results"), "*-report-github.md"))
        {
            string type = Path.GetFileName(table).Split('-')[0].Split('.')[^1];
            File.Copy(table, Path.Combine(results, $"micro-{type}.md"), overwrite: true);
        }
    }
}
