using System.Diagnostics;
using System.Runtime.Versioning;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Hosting.Startup;

/// <summary>Ctrl+C before the program has done what it was asked for: one calm line, and the exit code that shells know.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class InterruptedStartTests(TestDatabase database) : IClassFixture<TestDatabase>, IDisposable
{
    private const string Calm = "PipelineService was stopped while it was starting.";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_start_that_is_interrupted_says_so_in_one_line(string signal, int exitCode)
    {
        SkipWithout(signal);
        string running = Path.Combine(_folder.Path, "running");
        Directory.CreateDirectory(running);
        File.SetUnixFileMode(running, (UnixFileMode)0b111_111_111);
        using Process process = Start([.. WithPrograms($"touch {running}/initdb; exec sleep 600")]);
        await BoundedWait.UntilAsync("initdb to run", () => File.Exists($"{running}/initdb"));

        await Signals.SendAsync(signal, process.Id);

        await AssertEndsCalmlyAsync(process, exitCode, Calm);
    }

    /// <summary>A terminal interrupts both, and initdb may say so first.</summary>
    [Fact]
    public async Task A_program_that_was_interrupted_before_us_is_no_fault()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        using Process process = Start([.. WithPrograms("echo caught signal; exit 1")]);

        await AssertEndsCalmlyAsync(process, 130, Calm);
    }

    [Fact]
    public async Task A_demo_that_is_interrupted_says_so_in_one_line()
    {
        SkipWithout("INT");
        await using Npgsql.NpgsqlConnection holder = await database.DataSource.OpenConnectionAsync(Token);
        await using Npgsql.NpgsqlTransaction transaction = await holder.BeginTransactionAsync(Token);
        await using Npgsql.NpgsqlCommand hold = new("LOCK TABLE pipeline.datasets IN SHARE MODE", holder);
        await hold.ExecuteNonQueryAsync(Token);
        using Process process = Start(
            "--demo", $"--ConnectionStrings:Pipeline={database.ConnectionString}", "--Hosting:DatabaseTimeout=00:05:00");
        await database.WhenBlockedAsync("INSERT INTO pipeline.datasets");

        await Signals.SendAsync("INT", process.Id);

        await AssertEndsCalmlyAsync(process, 130, "demo: stopped before its end.");
    }

    public void Dispose() => _folder.Dispose();

    private static void SkipWithout(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no signals.");
        Assert.SkipWhen(
            signal == "INT" && Signals.IsInterruptIgnored,
            "Whatever runs in the background of a script ignores SIGINT, and so do the processes that it starts.");
    }

    /// <summary>A start that stands for PostgreSQL's programs.</summary>
    /// <param name="initdb">What it does, in the language of the shell.</param>
    private IEnumerable<string> WithPrograms(string initdb)
    {
        string programs = Directory.CreateDirectory(Path.Combine(_folder.Path, "bin")).FullName;
        foreach ((string name, string script) in ((string, string)[])
            [("initdb", initdb), ("pg_ctl", "exit 1"), ("postgres", "echo 'postgres (PostgreSQL) 15.0'")])
        {
            string program = Path.Combine(programs, name);
            File.WriteAllText(program, $"#!/bin/sh\n{script}\n");
            File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
        }

        File.SetUnixFileMode(programs, (UnixFileMode)0b111_101_101);
        return ["--Hosting:PrivateServer=true", $"--Hosting:PostgresBinaries={programs}"];
    }

    private Process Start(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "PipelineService.dll");
        ProcessStartInfo start = new(
            "dotnet", [program, "--urls=http://127.0.0.1:0", $"--Hosting:DataDirectory={_folder.Path}/data", .. arguments])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in (string[])["ConnectionStrings__Pipeline", "DATABASE_URL", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"])
        {
            start.Environment.Remove(name);
        }

        return Process.Start(start)!;
    }

    private static async Task AssertEndsCalmlyAsync(Process process, int exitCode, string line)
    {
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(Token);
            string text = await process.StandardError.ReadToEndAsync(Token).Within("the end of the process") + await output;
            await process.WaitForExitAsync(Token);

            Assert.Equal((exitCode, text), (process.ExitCode, text));
            Assert.Contains(line, text, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
            Assert.DoesNotContain("cannot start", text, StringComparison.Ordinal);
            Assert.DoesNotContain(" ERR ", text, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
