using System.ComponentModel;
using System.Diagnostics;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Clients;

/// <summary>
/// A folder outside of the repository in which tools are fetched, clients are made and run; gone with the test. What is
/// fetched stands in the log of the run.
/// </summary>
internal sealed class ClientFolder : IDisposable
{
    /// <summary>Set to 1 where there is time for these tests.</summary>
    public const string Variable = "PIPELINE_TEST_CLIENTS";

    /// <summary>For one block of commands.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Skips the test where it is not asked for, or where a program is missing that it needs.</summary>
    public static async Task<ClientFolder> NeedsAsync(params string[] programs)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable(Variable) == "1",
            $"Fetches tools, and makes clients with them, which takes a minute or two: {Variable}=1 runs it, and so does .ci/run.");
        ClientFolder folder = new();
        try
        {
            foreach (string program in programs.Prepend("bash"))
            {
                Assert.SkipUnless(await folder.WorksAsync(program), $"It needs {program}.");
            }

            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public string Write(string name, string text)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Fetches what the tests do without where it cannot be had: they are skipped then, with what was said.</summary>
    /// <param name="what">Completes "it needs …, which cannot be fetched".</param>
    public async Task FetchAsync(string what, string commands)
    {
        RunLog.Tell($"Clients: fetching {what} into {Path}");
        (int exitCode, string output) = await TryAsync(commands);
        Assert.SkipUnless(exitCode == 0, $"It needs {what}, which cannot be fetched: {output}");
    }

    /// <summary>Runs commands, all of which must succeed.</summary>
    /// <returns>What they printed.</returns>
    public async Task<string> RunAsync(string commands)
    {
        (int exitCode, string output) = await TryAsync(commands);
        Assert.True(exitCode == 0, $"{commands}\nended with {exitCode}:\n{output}");
        return output;
    }

    /// <summary>Starts a program that goes on until it is killed.</summary>
    public Process Start(string fileName, params string[] arguments) => Process.Start(Describe(fileName, arguments))!;

    public void Dispose() => _folder.Dispose();

    private async Task<bool> WorksAsync(string program)
    {
        try
        {
            return (await TryAsync($"{program} --version")).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false; // no bash
        }
    }

    private async Task<(int ExitCode, string Output)> TryAsync(string commands)
    {
        using Process bash = Start("bash", "-euo", "pipefail", "-c", $"{{ {commands}\n}} 2>&1");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Limit);
        try
        {
            Task<string> output = bash.StandardOutput.ReadToEndAsync(limit.Token);
            await bash.WaitForExitAsync(limit.Token);
            return (bash.ExitCode, await output);
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            throw new TimeoutException($"It took longer than {Limit}: {commands}");
        }
        finally
        {
            bash.Kill(entireProcessTree: true);
        }
    }

    private ProcessStartInfo Describe(string fileName, IEnumerable<string> arguments) => new(fileName, arguments)
    {
        WorkingDirectory = Path,
        RedirectStandardOutput = true,
        Environment =
        {
            ["NO_PROXY"] = "127.0.0.1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["MSBUILDDISABLENODEREUSE"] = "1",
            ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
            ["UseSharedCompilation"] = "false",
            ["KIOTA_OFFLINE_ENABLED"] = "true",
            ["REDOCLY_TELEMETRY"] = "off",
            ["npm_config_audit"] = "false",
            ["npm_config_fund"] = "false",
            ["npm_config_ignore_scripts"] = "true",
            ["npm_config_update_notifier"] = "false",
        },
    };
}
