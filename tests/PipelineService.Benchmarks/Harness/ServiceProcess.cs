using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PipelineService.Client;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// The service as its users run it: a published Release build in a process of its own. In the harness's process, memory
/// and CPU could not be told apart, and the JIT would have warmed what the service has to warm itself.
/// </summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    public const string LogName = "service.log";

    private static readonly TimeSpan StartAgeMax = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StreamWriter _log;

    private ServiceProcess(ServiceBuild build, Process process, Uri address, StreamWriter log)
    {
        Build = build;
        Address = address;
        _process = process;
        _log = log;
        Http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        Client = new PipelineClient(Http);
    }

    public ServiceBuild Build { get; }

    public BenchmarkDatabase Database => Build.Database;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    public PipelineClient Client { get; }

    /// <summary>For what the client does not do.</summary>
    public HttpClient Http { get; }

    public int Id => _process.Id;

    /// <param name="settings">More configuration, as environment variables: <c>Write__SessionsPerJobMax=2</c>.</param>
    public static async Task<ServiceProcess> StartAsync(ServiceBuild build, IEnumerable<string> settings)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo("dotnet", [Path.Combine(build.Folder, "PipelineService.dll")])
        {
            WorkingDirectory = build.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_URLS"] = address;
        start.Environment["ConnectionStrings__Pipeline"] = build.Database.ConnectionString;
        start.Environment["Spool__Directory"] = Path.Combine(build.Scratch, "spool");
        foreach (string setting in settings)
        {
            string[] parts = setting.Split('=', 2);
            start.Environment[parts[0]] = parts.Length == 2 ? parts[1] : "true";
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException("The service did not start.");
        var log = new StreamWriter(Path.Combine(build.Scratch, LogName), append: true) { AutoFlush = true };
        var shared = TextWriter.Synchronized(log);
        process.OutputDataReceived += (_, line) => shared.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => shared.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        var service = new ServiceProcess(build, process, new Uri(address), log);
        try
        {
            await service.WaitUntilReadyAsync();
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        await _log.DisposeAsync();
    }

    /// <summary>The sum of a counter over all its labels.</summary>
    public async Task<long> CounterAsync(string name)
    {
        string text = await Http.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is '{' or ' ')
            .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    private async Task WaitUntilReadyAsync()
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The service ended with {_process.ExitCode}; see {LogName}.");
            }

            try
            {
                using HttpResponseMessage answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            if (TimeProvider.System.GetElapsedTime(started) > StartAgeMax)
            {
                throw new InvalidOperationException($"The service is not ready after {StartAgeMax}; see {LogName}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
