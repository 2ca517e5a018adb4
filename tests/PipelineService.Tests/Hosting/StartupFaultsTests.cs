using System.Diagnostics;

namespace PipelineService.Tests.Hosting;

/// <summary>The program itself, as an operator starts it.</summary>
public sealed class StartupFaultsTests
{
    [Fact]
    public async Task Wrong_settings_are_listed_without_a_stack_trace()
    {
        (int exitCode, string error) = await RunAsync(
            "--Hosting:PoolSizeMax=0", "--Hosting:Typo=1", "--urls=http://0.0.0.0:8080");

        Assert.Equal(2, exitCode);
        Assert.Contains("Hosting:PoolSizeMax = 0", error, StringComparison.Ordinal);
        Assert.Contains("Hosting:Typo: there is no such setting", error, StringComparison.Ordinal);
        Assert.Contains("Listening on http://0.0.0.0:8080 without keys", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_without_PostgreSQL_is_named_without_a_stack_trace()
    {
        (int exitCode, string error) = await RunAsync($"--Hosting:PostgresBinaries={Path.GetTempPath()}");

        Assert.Equal(2, exitCode);
        Assert.StartsWith("PipelineService cannot start. Hosting:PostgresBinaries is", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    /// <summary>Below a file there can be no folder, not even for root.</summary>
    [Fact]
    public async Task A_spool_that_cannot_be_used_is_named_without_a_stack_trace()
    {
        using var folder = new Infrastructure.TemporaryFolder();
        string spool = Path.Combine(folder.Path, "a-file", "spool");
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a-file"), "", TestContext.Current.CancellationToken);

        (int exitCode, string error) = await RunAsync(
            $"--Spool:Directory={spool}", "--ConnectionStrings:Pipeline=Host=127.0.0.1;Port=1;Username=x;Database=x",
            "--urls=http://127.0.0.1:0");

        Assert.Equal(2, exitCode);
        Assert.Contains(
            $"PipelineService cannot start. Spool:Directory is {spool}, and {Environment.UserName} cannot use it",
            error,
            StringComparison.Ordinal);
        Assert.Contains("set Spool:Directory to a folder", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Error)> RunAsync(params string[] arguments)
    {
        using var folder = new Infrastructure.TemporaryFolder();
        string program = Path.Combine(AppContext.BaseDirectory, "PipelineService.dll");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [program, $"--Hosting:DataDirectory={folder.Path}", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.StartInfo.Environment.Remove("ConnectionStrings__Pipeline");
        process.Start();
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + error);
    }
}
