using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace PipelineService.Benchmarks;

/// <summary>The hot path under BenchmarkDotNet: times are for comparing within a run, allocations are a gate.</summary>
internal static class MicroBenchmarks
{
    public static int Run(string[] args)
    {
        // In this process: BenchmarkDotNet's own projects would neither find the solution's settings nor pass its analyzers.
        IConfig config = DefaultConfig.Instance
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default);
        string[] all = args.Length == 0 ? ["--filter", "*"] : args;
        return BenchmarkSwitcher.FromAssembly(typeof(MicroBenchmarks).Assembly).Run(all, config).Any(s => s.HasCriticalValidationErrors)
            ? 1
            : 0;
    }
}
