using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using PipelineService.Hosting.Embedded;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Repository;

/// <summary>The README's walk-through is run as it stands, and shows what it says it shows.</summary>
public sealed class ReadmeTests
{
    private const string Address = "http://127.0.0.1:8080";
    private const string HookPort = "8099";

    /// <summary>Between the outputs of two blocks; no text holds it.</summary>
    private const char Separator = '\u001e';

    private static readonly string[] Programs = ["bash", "curl", "openssl", "perl", "psql"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_walk_through_does_what_it_says()
    {
        foreach (string program in Programs)
        {
            Assert.SkipUnless(await WorksAsync(program), $"The walk-through needs {program}.");
        }

        string text = MarkdownText.Section(RepositoryFiles.Read("README.md"), "A walk-through with curl");
        string followed = MarkdownText.Section(RepositoryFiles.Read("README.md"), "Follow what happens");
        string opened = MarkdownText.Section(RepositoryFiles.Read("README.md"), "Open it to others");
        using var folder = new TemporaryFolder();
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            connectionString: null,
            [
                ("Hosting:DataDirectory", Path.Combine(folder.Path, ".pipeline")), ("Events:AllowHttp", "true"),
                ("Events:AllowPrivateAddresses", "true"),
            ]);

        using var temporary = new TemporaryFolder();
        string[] outputs = await RunAsync(
            [.. MarkdownText.Blocks(text, "bash"), .. MarkdownText.Blocks(followed, "bash"), .. MarkdownText.Blocks(opened, "bash")], service.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), folder.Path, temporary.Path);

        Assert.Equal([".pipeline"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName)); // git stays clean

        Assert.Equal(11, outputs.Length);
        Assert.Contains("status 201", outputs[0], StringComparison.Ordinal);
        Assert.Contains("status 200", outputs[1], StringComparison.Ordinal);
        AssertHas(JsonNode.Parse(Assert.Single(MarkdownText.Blocks(text, "json")))!, JsonNode.Parse(outputs[2])!);

        string[] deadLetters = outputs[3].Trim().Split('\n', 2);
        Assert.Equal("type_mismatch", (string?)JsonNode.Parse(deadLetters[0])!["items"]![0]!["errors"]![0]!["code"]);
        Assert.Equal(Assert.Single(MarkdownText.Blocks(text, "csv")), deadLetters[1].Trim('\n') + "\n", ignoreLineEndingDifferences: true);
        Assert.All(
            Assert.Single(MarkdownText.Blocks(text, "text")).TrimEnd().Split('\n'),
            line => Assert.Contains(line, outputs[4], StringComparison.Ordinal));

        // Followed: the event in the stream, and its signature in both lines.
        Assert.Contains("event: job.finished", outputs[5], StringComparison.Ordinal);
        string[] signatures = outputs[6].Trim().Split('\n');
        Assert.StartsWith("v1,", signatures[0], StringComparison.Ordinal);
        Assert.Equal(signatures[0], signatures[1]);

        // Opened to a partner, who sees what they sent, and nothing that was there before.
        Assert.Contains("status 200", outputs[9], StringComparison.Ordinal);
        JsonNode job = Assert.Single(JsonNode.Parse(outputs[10])!["items"]!.AsArray())!;
        Assert.Equal("acme", (string?)job["source"]);
        using HttpResponseMessage stranger = await service.Client.GetAsync(new Uri("/v1/jobs", UriKind.Relative), Token);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    /// <summary>Runs the blocks in one shell, as a reader does.</summary>
    /// <returns>What each printed.</returns>
    private static async Task<string[]> RunAsync(string[] blocks, string address, string folder, string temporary)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-euo", "pipefail"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NO_PROXY"] = "127.0.0.1", ["PGTZ"] = "UTC", ["TMPDIR"] = temporary },
        })!;
        string port = string.Create(CultureInfo.InvariantCulture, $"{Reliability.ServiceProcess.FreePort()}");
        string script = string.Join($"printf '{Separator}'\n", blocks)
            .Replace(Address, address, StringComparison.Ordinal).Replace(HookPort, port, StringComparison.Ordinal);
        Task<string> output = bash.StandardOutput.ReadToEndAsync(Token);
        Task<string> errors = bash.StandardError.ReadToEndAsync(Token);
        await bash.StandardInput.WriteAsync(script.AsMemory(), Token);
        bash.StandardInput.Close();
        await bash.WaitForExitAsync(Token);

        Assert.True(bash.ExitCode == 0, $"The shell ended with {bash.ExitCode}:\n{await output}\n{await errors}");
        return (await output).Split(Separator);
    }

    /// <summary>Every property that is shown has the shown value.</summary>
    private static void AssertHas(JsonNode shown, JsonNode actual)
    {
        foreach ((string name, JsonNode? value) in shown.AsObject())
        {
            Assert.True(
                JsonNode.DeepEquals(value, actual[name]), $"{name} is {actual[name]?.ToJsonString()}, not {value?.ToJsonString()}");
        }
    }

    /// <summary>There may be a program of that name that only says what to install.</summary>
    private static async Task<bool> WorksAsync(string program)
    {
        try
        {
            return (await ServerCommand.RunAsync(program, [program == "openssl" ? "version" : "--version"], Token)).Succeeded;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
