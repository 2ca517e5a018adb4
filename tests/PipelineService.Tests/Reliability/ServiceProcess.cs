using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>The service in a process of its own, which can be killed, stopped and frozen.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartAgeMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(25);

    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly ConcurrentQueue<string> _log = new();

    private ServiceProcess(Process process, int port)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = AddressOf(port), Timeout = TimeSpan.FromSeconds(5) };
        _process.OutputDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => _log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>Whether somebody has killed it: it did not end by itself.</summary>
    public bool WasKilled => HasExited && ExitCode == 128 + 9;

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Bytes of memory that it holds.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public int Threads
    {
        get
        {
            _process.Refresh();
            return _process.Threads.Count;
        }
    }

    /// <summary>Files, sockets and other handles that it has open. Linux only.</summary>
    public int OpenHandles => Directory.GetFileSystemEntries(
        string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/fd")).Length;

    public string Log => string.Join('\n', _log);

    /// <summary>Armed fault points that it has come to.</summary>
    public IEnumerable<string> FaultsReached => _log
        .Where(line => line.StartsWith(FaultPoints.ReachedMessage, StringComparison.Ordinal))
        .Select(line => line[FaultPoints.ReachedMessage.Length..]);

    public static Uri AddressOf(int port) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts it with bounds so small that a few kilobytes meet every stage, and pauses so short that tests do.</summary>
    public static ServiceProcess Start(string connectionString, string spool, int port, params (string Name, string Value)[] settings)
    {
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "PipelineService.dll")])
        {
            WorkingDirectory = Path.GetDirectoryName(spool)!,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        (string Name, string Value)[] defaults =
        [
            ("ASPNETCORE_URLS", AddressOf(port).ToString()),
            ("ConnectionStrings__Pipeline", ServiceRole.Apply(connectionString)!),
            ("Spool__Directory", spool),
            ("Spool__ChunkBytes", "4096"),
            ("Spool__SharedBytesMax", "8192"), // so that some of the uploads of some kilobytes share files, and others have their own
            ("Spool__FreeBytesMin", "0"),
            ("Write__SessionsMax", "8"),
            ("Write__SessionsReceivingMax", "6"),
            ("Intake__LoadAfterBytes", "8192"),
            ("Jobs__LeaseTime", "00:00:03"),
            ("Jobs__PollInterval", "00:00:00.1"),
            ("Jobs__ProgressInterval", "00:00:00.2"),
            ("Jobs__AttemptsMax", "20"),
            ("Hosting__BreakerDuration", "00:00:00.5"),
            ("Hosting__RetryDelayMax", "00:00:00.5"),
            ("Hosting__RetryDelayBase", "00:00:00.02"),
            (FaultPoints.Variable, ""),
        ];
        foreach ((string name, string value) in defaults.Concat(settings))
        {
            start.Environment[name] = value;
        }

        return new ServiceProcess(Process.Start(start)!, port);
    }

    /// <returns>False when it has died before it was ready, as some fault points make it.</returns>
    public async Task<bool> WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!_process.HasExited)
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return true;
                }
            }
            catch (Exception e) when (e is HttpRequestException or SocketException or TaskCanceledException
                && !cancellationToken.IsCancellationRequested)
            {
                // Not listening yet, or it has died as soon as the connection was there: that the client tells as it is.
            }

            Assert.True(TimeProvider.System.GetElapsedTime(started) < StartAgeMax, $"The service is not ready:\n{Log}");
            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        return false;
    }

    public Task WaitForExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM: it stops by itself.</summary>
    public Task TerminateAsync() => Signals.SendAsync("TERM", _process.Id);

    /// <summary>SIGSTOP: it hangs, and keeps its connections and files.</summary>
    public Task FreezeAsync() => Signals.SendAsync("STOP", _process.Id);

    /// <summary>SIGCONT.</summary>
    public Task ThawAsync() => Signals.SendAsync("CONT", _process.Id);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _http.Dispose();
        _process.Dispose();
    }
}

/// <summary>Signals that .NET has no call for.</summary>
internal static class Signals
{
    private const int Interrupt = 2;

    /// <summary>Whether this process was started with SIGINT ignored, which is passed on to children. Known on Linux only.</summary>
    public static bool IsInterruptIgnored
    {
        get
        {
            const string Ignored = "SigIgn:";
            string? mask = OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/self/status").First(line => line.StartsWith(Ignored, StringComparison.Ordinal))[Ignored.Length..]
                : null;
            return mask is not null
                && (ulong.Parse(mask, NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) >> (Interrupt - 1) & 1) == 1;
        }
    }

    public static async Task SendAsync(string signal, int processId)
    {
        using var kill = Process.Start("kill", [$"-{signal}", processId.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }
}
