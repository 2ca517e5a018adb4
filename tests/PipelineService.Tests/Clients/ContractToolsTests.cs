using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using PipelineService.Tests.Access;
using PipelineService.Tests.Contracts;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Clients;

/// <summary>The tools that others check contracts with find nothing: neither in the document nor in what the service answers.</summary>
public sealed class ContractToolsTests(GuardedService running, ContractToolsTests.Tools tools)
    : IClassFixture<GuardedService>, IClassFixture<ContractToolsTests.Tools>
{
    private const string Document = "v1.json";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Spectral_finds_nothing()
    {
        ClientFolder folder = await tools.FetchAsync();
        folder.Write(".spectral.yaml", "extends: [\"spectral:oas\"]\n");

        string output = await folder.RunAsync($"npx spectral lint {Document} --fail-severity hint");

        Assert.Contains("No results", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redocly_finds_nothing()
    {
        ClientFolder folder = await tools.FetchAsync();

        await folder.RunAsync($"npx redocly lint {Document} --extends recommended --format json > found.json");

        JsonNode found = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder.Path, "found.json"), Token))!;
        Assert.Equal((0, 0), ((int?)found["totals"]!["errors"], (int?)found["totals"]!["warnings"]));
    }

    [Fact]
    public async Task A_proxy_that_validates_lets_every_call_and_every_answer_through()
    {
        ClientFolder folder = await tools.FetchAsync();
        string address = $"http://127.0.0.1:{FreePort()}";
        using Process prism = folder.Start(
            "node", "node_modules/@stoplight/prism-cli/dist/index.js", "proxy", Document, running.Service.Client.BaseAddress!.ToString(),
            "--errors", "--cors", "false", "--port", new Uri(address).Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        try
        {
            await ReadUntilListeningAsync(prism.StandardOutput).Within("prism to listen");
            using DocumentedAnswers answers = new() { InnerHandler = new Violations { InnerHandler = new SocketsHttpHandler() } };
            using HttpClient client = new(answers) { BaseAddress = new Uri(address) };
            GuardedService.Authorize(client, GuardedService.AdminKey);

            await ExampleCalls.MakeAsync(new Api(client), direct: running.Api);

            Assert.Equal(ApiDocument.Operations.Select(o => o.Id).Order(), answers.Seen.Select(s => s.Operation).Distinct().Order());
        }
        finally
        {
            prism.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Goes on reading in the background: a program whose output nobody reads stops.</summary>
    private static async Task ReadUntilListeningAsync(StreamReader output)
    {
        string said = "";
        while (!said.Contains("listening", StringComparison.Ordinal))
        {
            said += await output.ReadLineAsync(Token) is { } line ? line + "\n" : throw new InvalidOperationException($"Prism ended: {said}");
        }

        _ = output.BaseStream.CopyToAsync(Stream.Null, Token);
    }

    private static int FreePort()
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Fails the test with what prism found.</summary>
    private sealed class Violations : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            string body = await response.Content.ReadAsStringAsync(cancellationToken);
            Assert.False(
                response.Headers.Contains("sl-violations") || body.Contains("stoplight.io/prism", StringComparison.Ordinal),
                $"{request.Method} {request.RequestUri}: {body}");
            return response;
        }
    }

    /// <summary>The tools, fetched once, beside the document.</summary>
    public sealed class Tools : IDisposable
    {
        private const string Packages = "@stoplight/spectral-cli@6.16.3 @redocly/cli@2.77.0 @stoplight/prism-cli@5.14.2";

        private ClientFolder? _folder;
        private bool _isFetched;

        internal async Task<ClientFolder> FetchAsync()
        {
            _folder ??= await ClientFolder.NeedsAsync("node", "npm");
            if (!_isFetched)
            {
                await _folder.FetchAsync(Packages, $"npm install --save-exact {Packages}");
                File.Copy(ApiDocument.Path, Path.Combine(_folder.Path, Document));
                _isFetched = true;
            }

            return _folder;
        }

        public void Dispose() => _folder?.Dispose();
    }
}
