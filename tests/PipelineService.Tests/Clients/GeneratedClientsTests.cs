using System.Globalization;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Repository;

namespace PipelineService.Tests.Clients;

/// <summary>
/// What docs/clients.md says is done as it stands: clients are generated from the running service's document, compiled
/// strictly, and each declares a dataset, uploads 20 MB as a stream, waits, reads dead letters and cancels.
/// </summary>
public sealed class GeneratedClientsTests(GeneratedClientsTests.HoldingService running)
    : IClassFixture<GeneratedClientsTests.HoldingService>
{
    private const string Address = "http://127.0.0.1:8080";
    private const string Header = "id,taken_at,celsius,place\n";
    private const int UploadBytes = 20_000_000;

    /// <summary>Records from here on wait, so that a cancel comes in time.</summary>
    private const int WrongId = 10_000_000;

    private static readonly string Page = RepositoryFiles.Read("docs", "clients.md");

    [Fact]
    public async Task CSharp_by_Kiota_and_NSwag()
    {
        using ClientFolder folder = await ClientFolder.NeedsAsync("dotnet", "curl");
        string section = MarkdownText.Section(Page, "C#");
        string[] blocks = MarkdownText.Blocks(section, "bash");
        string[] code = MarkdownText.Blocks(section, "csharp");
        folder.Write("Clients.csproj", Assert.Single(MarkdownText.Blocks(section, "xml")));
        folder.Write("Program.cs", code[0]);
        folder.Write("KiotaExample.cs", code[1]);
        folder.Write("NSwagExample.cs", code[2]);
        await folder.FetchAsync("Microsoft.OpenApi.Kiota 1.38.0, Microsoft.Kiota.* 2.1.6 and NSwag.MSBuild 14.7.1", blocks[0]);
        WriteData(folder);

        await folder.RunAsync(Here(blocks[1]));
        string[] output = (await folder.RunAsync(Here(blocks[2]))).TrimEnd().Split('\n');

        Assert.Equal(10, output.Length);
        AssertJourney(output[..5], "Partially_succeeded", "Cancelled");
        AssertJourney(output[5..], "Partially_succeeded", "Cancelled");
        await AssertArrivedAsync("kiota", "nswag");
    }

    [Fact]
    public async Task TypeScript_by_openapi_typescript_and_openapi_fetch()
    {
        using ClientFolder folder = await ClientFolder.NeedsAsync("node", "npm");
        string section = MarkdownText.Section(Page, "TypeScript");
        string[] blocks = MarkdownText.Blocks(section, "bash");
        folder.Write("readings.mts", Assert.Single(MarkdownText.Blocks(section, "typescript")));
        await folder.FetchAsync("openapi-typescript 7.13.0, openapi-fetch 0.17.0 and typescript 5.9.3", blocks[0]);
        WriteData(folder);

        await folder.RunAsync(Here(blocks[1]));
        List<string> output = [.. (await folder.RunAsync(Here(blocks[2]))).TrimEnd().Split('\n')];

        Assert.Equal("id,taken_at,celsius,place,_raw,_record,_line,_field,_code,_message", output[3].Trim('\uFEFF', '\r'));
        output.RemoveAt(3);
        AssertJourney(output, "partially_succeeded", "cancelled");
        await AssertArrivedAsync("typescript");
    }

    private string Here(string commands) => commands.Replace(
        Address, running.Service.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal);

    /// <summary>The file that is sent, and the one that is sent by mistake.</summary>
    private static void WriteData(ClientFolder folder)
    {
        StringBuilder csv = new(Header, UploadBytes + 1_000);
        csv.Append("1,2026-03-01T06:00:00Z,-300,south\n2,2026-03-01T06:00:00Z,5,west\n");
        for (int id = 3; csv.Length < UploadBytes; id++)
        {
            csv.Append(CultureInfo.InvariantCulture, $"{id},2026-03-01T06:00:00Z,{id % 50}.25,north\n");
        }

        folder.Write("readings.csv", csv.ToString());
        folder.Write("wrong.csv", Header + string.Create(CultureInfo.InvariantCulture, $"{WrongId},2026-03-01T06:00:00Z,1,north\n"));
    }

    private static void AssertJourney(IReadOnlyList<string> output, string finished, string cancelled)
    {
        Assert.StartsWith($"{finished}: ", output[0], StringComparison.Ordinal);
        Assert.EndsWith(" loaded, 2 rejected", output[0], StringComparison.Ordinal);
        Assert.Equal("line 2: celsius: Must be at least -90.", output[1]);
        Assert.StartsWith("line 3: place: Must be one of ", output[2], StringComparison.Ordinal);
        Assert.Equal($"{cancelled}: 0 loaded", output[3]);
        Assert.StartsWith("job_final: It is cancelled", output[4], StringComparison.Ordinal);
    }

    /// <summary>Each client has sent 20 MB, and all have declared the same: the version that came after the test's own.</summary>
    private async Task AssertArrivedAsync(params string[] sources)
    {
        foreach (string source in sources)
        {
            Assert.Equal(
                $"{JobState.PartiallySucceeded.ToText()} 2",
                await running.Database.ScalarAsync<string>($"""
                    SELECT concat_ws(' ', state, dataset_version) FROM pipeline.jobs
                    WHERE source = '{source}' AND upload_bytes >= {UploadBytes}
                    """));
        }
    }

    /// <summary>Has the table before the clients declare it, so that a record of the wrong file is held until it is cancelled.</summary>
    public sealed class HoldingService(PostgresServer server) : RunningService(server)
    {
        private LoadGate? _gate;

        protected override async Task PrepareAsync()
        {
            await Api.DeclareAsync("readings", "{ 'schema': { 'fields': [{ 'name': 'id', 'type': 'integer' }] } }");
            _gate = await LoadGate.CloseAsync(Database, "readings", WrongId);
        }

        public override async ValueTask DisposeAsync()
        {
            if (_gate is not null)
            {
                await _gate.DisposeAsync();
            }

            await base.DisposeAsync();
        }
    }
}
