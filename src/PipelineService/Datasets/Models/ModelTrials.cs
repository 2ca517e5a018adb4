using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>
/// Has models tried in a process of their own (<see cref="TrialCommand"/>), one after the other: whatever a file does to the native code that
/// parses it, the service goes on.
/// </summary>
public sealed class ModelTrials(IOptions<DatasetsOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>What the runtime of .NET takes by itself, on top of what a model may.</summary>
    private const long OwnBytes = 256L << 20;

    private const int AnswerBytesMax = 1 << 20;

    /// <summary>How often the process is looked at where the system does not hold it to its limits.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Models that are held in memory at a time while they are received and tried.</summary>
    private const int TakenMax = 2;

    private readonly SemaphoreSlim _one = new(1);
    private int _taken;

    public void Dispose() => _one.Dispose();

    /// <summary>A place for a model that is received; null where all are taken.</summary>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _taken) <= TakenMax)
        {
            return new Place(() => Interlocked.Decrement(ref _taken));
        }

        Interlocked.Decrement(ref _taken);
        return null;
    }

    /// <summary>Has a model tried.</summary>
    /// <param name="file">Its bytes.</param>
    public async Task<TrialVerdict> TryAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return await TryAloneAsync(file, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>How the process is started: with what the runtime needs to start, and no word of what the service was told.</summary>
    internal static ProcessStartInfo Describe(long bytes, TimeSpan timeMax)
    {
        (string program, string[] before) = Program();
        ProcessStartInfo start = new(program)
        {
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (string argument in before.Append(TrialCommand.Word).Append(bytes.ToString(CultureInfo.InvariantCulture))
            .Append(((long)Math.Ceiling(timeMax.TotalSeconds)).ToString(CultureInfo.InvariantCulture)))
        {
            start.ArgumentList.Add(argument);
        }

        string[] kept = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL"];
        foreach (string name in start.Environment.Keys.Except(kept, StringComparer.OrdinalIgnoreCase).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_GCHeapHardLimit"] = (OwnBytes * 2).ToString("x", CultureInfo.InvariantCulture);
        return start;
    }

    private async Task<TrialVerdict> TryAloneAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        TimeSpan timeMax = options.Value.ModelTrialTime;
        long bytesMax = options.Value.ModelMemoryBytesMax;
        using CancellationTokenSource late = new(timeMax, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        using Process process = new() { StartInfo = Describe(bytesMax, timeMax) };
        process.Start();
        try
        {
            Task<bool> watching = WatchAsync(process, bytesMax + OwnBytes, ended.Token);
            Task complaints = process.StandardError.BaseStream.CopyToAsync(Stream.Null, ended.Token);
            Task<byte[]> answering = ReadAnswerAsync(process.StandardOutput.BaseStream, ended.Token);
            await SendAsync(process.StandardInput.BaseStream, file, ended.Token);
            byte[] answer = await answering;
            await process.WaitForExitAsync(ended.Token);
            bool isTooLarge = await watching;
            await complaints;
            return process.ExitCode == 0 && JsonSerializer.Deserialize<TrialVerdict>(answer, PipelineJson.Options) is { } verdict ? verdict
                : Refused(isTooLarge ? TooMuchMemory(bytesMax) : DiedOf(process.ExitCode, bytesMax));
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Refused(string.Create(
                CultureInfo.InvariantCulture,
                $"To load it and to run it a few times took longer than {timeMax.TotalSeconds:0.#} s (Datasets:ModelTrialTime)."));
        }
        catch (JsonException)
        {
            return Refused(DiedOf(process.HasExited ? process.ExitCode : -1, bytesMax));
        }
        finally
        {
            Kill(process);
        }
    }

    private static async Task SendAsync(Stream input, ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, file.Length);
        try
        {
            await input.WriteAsync(length, cancellationToken);
            await input.WriteAsync(file, cancellationToken);
            await input.DisposeAsync();
        }
        catch (IOException)
        {
            // It has died: its exit code says more.
        }
    }

    private static async Task<byte[]> ReadAnswerAsync(Stream output, CancellationToken cancellationToken)
    {
        byte[] answer = new byte[AnswerBytesMax];
        int length = await output.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, cancellationToken);
        return answer[..length];
    }

    /// <returns>Whether it had to be ended because of what it took.</returns>
    private async Task<bool> WatchAsync(Process process, long bytesMax, CancellationToken cancellationToken)
    {
        try
        {
            while (!process.HasExited)
            {
                process.Refresh();
                if (process.WorkingSet64 > bytesMax)
                {
                    Kill(process);
                    return true;
                }

                await Task.WhenAny(process.WaitForExitAsync(cancellationToken), Task.Delay(Poll, time, cancellationToken));
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        catch (InvalidOperationException)
        {
            // It has ended while it was looked at.
        }

        return false;
    }

    private static void Kill(Process process)
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private static (string Program, string[] Before) Program()
    {
        string assembly = typeof(ModelTrials).Assembly.Location;
        string program = Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null);
        if (File.Exists(program))
        {
            return (program, []);
        }

        string host = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string muxer = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", host));
        return (File.Exists(muxer) ? muxer : host, [assembly]);
    }

    private static string DiedOf(int exitCode, long bytesMax) => string.Create(
        CultureInfo.InvariantCulture,
        $"The process that tried it has died of it (exit code {exitCode}), as of a file that is damaged or malicious, or of one that takes more "
        + $"than {bytesMax >> 20} MiB of memory (Datasets:ModelMemoryBytesMax).");

    private static string TooMuchMemory(long bytesMax) => string.Create(
        CultureInfo.InvariantCulture, $"It takes more than {bytesMax >> 20} MiB of memory (Datasets:ModelMemoryBytesMax).");

    private static TrialVerdict Refused(string fault) => new(Signature: null, fault);

    /// <summary>Left once, however often it is disposed of.</summary>
    private sealed class Place(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}
