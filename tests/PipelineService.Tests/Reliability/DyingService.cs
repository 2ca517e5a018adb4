using System.Text;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A service that is started again and again on one database, one spool and one port, to die each time at a step that is said, and clients
/// that know where it is.
/// </summary>
/// <param name="settings">What it has besides, each time.</param>
internal sealed class DyingService(string connectionString, params (string Name, string Value)[] settings) : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = ServiceProcess.FreePort();
    private ServiceProcess? _process;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sends, and sends again, until it is answered.</summary>
    public Sender Sender => field ??= new Sender(_port);

    public HttpClient Http => field ??= new HttpClient { BaseAddress = ServiceProcess.AddressOf(_port) };

    /// <summary>The last one that was started.</summary>
    public ServiceProcess Process => _process ?? throw new InvalidOperationException("It was not started.");

    /// <summary>Its own, for files of the test, too.</summary>
    public string Folder => _folder.Path;

    /// <summary>Starts it after the death of the one before, which is brought about where it has not come.</summary>
    /// <param name="faults">Where it dies; empty: nowhere.</param>
    /// <returns>False when it has died before it was ready.</returns>
    public async Task<bool> StartAsync(string faults)
    {
        await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
        _process = ServiceProcess.Start(
            connectionString, Path.Combine(_folder.Path, "spool"), _port, [(FaultPoints.Variable, faults), .. settings]);
        return await _process.WaitUntilReadyAsync(Token);
    }

    public Task DiesAsync() => Process.WaitForExitAsync(Token).Within("the service to die");

    /// <summary>Declares a dataset.</summary>
    public Task DeclareAsync(string dataset, string definition) => AskAsync(HttpMethod.Put, $"/v1/datasets/{dataset}", definition);

    /// <summary>Asks for something that is done, unless it dies before it can answer.</summary>
    public async Task AskAsync(HttpMethod method, string path, string? json = null)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        try
        {
            using HttpResponseMessage answer = await Http.SendAsync(request, Token);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
        }
        catch (HttpRequestException)
        {
            // It has died.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_process?.DisposeAsync() ?? ValueTask.CompletedTask);
        Sender.Dispose();
        Http.Dispose();
        _folder.Dispose();
    }
}
