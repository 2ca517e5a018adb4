using System.Diagnostics;
using PipelineService.EveryAssembly;
using Xunit;

namespace PipelineService.Core.Tests;

/// <summary>Each test starts this assembly again with itself as its only test, and hangs there, where a second is long.</summary>
public sealed class TestWatchdogTests(TestWatchdogTests.Fixture fixture) : IClassFixture<TestWatchdogTests.Fixture>
{
    private const string Variable = "PIPELINE_TEST_HANGS";
    private const string InThread = "thread";
    private const string InTask = "task";
    private const string InFixture = "fixture";

    private static readonly Task Never = new TaskCompletionSource().Task;

    private static string? Here => Environment.GetEnvironmentVariable(Variable);

    [Fact]
    public async Task A_test_that_blocks_is_named_and_ends_the_run()
    {
        if (Here == InThread)
        {
            TestWatchdog.LimitTo(TimeSpan.FromSeconds(1));
            Thread.CurrentThread.Join();
        }

        Assert.Contains(
            $"running {typeof(TestWatchdogTests).FullName}.{nameof(A_test_that_blocks_is_named_and_ends_the_run)}",
            await HangAsync(InThread, nameof(A_test_that_blocks_is_named_and_ends_the_run)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_awaits_for_ever_is_named_and_ends_the_run()
    {
        if (Here == InTask)
        {
            TestWatchdog.LimitTo(TimeSpan.FromSeconds(1));
            await Never;
        }

        Assert.Contains(
            $"running {typeof(TestWatchdogTests).FullName}.{nameof(A_test_that_awaits_for_ever_is_named_and_ends_the_run)}",
            await HangAsync(InTask, nameof(A_test_that_awaits_for_ever_is_named_and_ends_the_run)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_class_whose_fixture_hangs_is_named_and_ends_the_run()
    {
        Assert.True(fixture.IsReady);
        Assert.Contains(
            $"under way is the class {typeof(TestWatchdogTests).FullName}",
            await HangAsync(InFixture, nameof(A_class_whose_fixture_hangs_is_named_and_ends_the_run)),
            StringComparison.Ordinal);
    }

    /// <returns>What the run that hung wrote to standard error.</returns>
    private static async Task<string> HangAsync(string where, string method)
    {
        Assert.Null(Here);
        using var run = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(TestWatchdogTests).Assembly.Location, "-method", $"{typeof(TestWatchdogTests).FullName}.{method}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [Variable] = where },
        })!;
        Task<string> output = run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode != 0, await output);
        return errors;
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public bool IsReady { get; private set; }

        public async ValueTask InitializeAsync()
        {
            if (Here == InFixture)
            {
                TestWatchdog.LimitTo(TimeSpan.FromSeconds(1));
                await Never;
            }

            IsReady = true;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
