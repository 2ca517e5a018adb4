using System.Diagnostics;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Conversion;

/// <summary>What a conversion may use.</summary>
/// <param name="MemoryBytes">Resident bytes of the process.</param>
/// <param name="Stall">How long it may go on without giving anything.</param>
internal readonly record struct ConversionLimits(long MemoryBytes, TimeSpan Stall, DecodedLimits Output);

/// <summary>Runs one conversion in a process of its own, which knows nothing of this one's settings, and may be ended at any time.</summary>
internal sealed class ConversionProcess : IDisposable
{
    /// <summary>Of the memory that a conversion may use the library has so much: the rest is the runtime's and the buffers'.</summary>
    private const int OwnMemoryBytes = 96 << 20;

    /// <summary>What it is answered for each piece that it tells of.</summary>
    public const char Heard = '.';

    private const int ErrorLengthMax = 2_000;
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ConversionProcess(Process process, Task<string> errors) => (_process, _errors) = (process, errors);

    /// <summary>Above the runtime that runs this: {dotnet}/shared/Microsoft.NETCore.App/{version}/.</summary>
    private static string DotnetRoot =>
        Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What the library may use of the memory that a conversion may.</summary>
    public static long LibraryBytesOf(long memoryBytes) => Math.Max(memoryBytes - OwnMemoryBytes, memoryBytes / 2);

    public static ConversionProcess Start(ConversionRequest request)
    {
        ConversionProcess process = Start(request.MemoryBytes, expected: null);
        process.Ask(request);
        return process;
    }

    /// <summary>Starts one that waits for its request.</summary>
    /// <param name="memoryBytes">What the library that reads the file may use.</param>
    /// <param name="expected">What it will most likely be asked for: it gets ready for that while it waits.</param>
    public static ConversionProcess Start(long memoryBytes, DataFormat? expected)
    {
        ProcessStartInfo start = Describe(expected is null ? [ConverterCommand.Name] : [ConverterCommand.Name, $"{expected}"]);
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetTempPath();
        start.Environment.Clear(); // no connection string, no key, no salt
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)
        [
            ("DOTNET_ROOT", DotnetRoot), // a published executable asks for it where .NET is not in its usual place
            ("DOTNET_EnableDiagnostics", "0"),
            ("DOTNET_gcServer", "0"),
            ("DOTNET_gcConcurrent", "0"),
            ("DOTNET_GCHeapHardLimit", memoryBytes.ToString("x", CultureInfo.InvariantCulture)),
        ])
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start) ?? throw new InvalidOperationException("The converter does not start.");
        return new ConversionProcess(process, ReadErrorsAsync(process.StandardError));
    }

    /// <summary>Tells it what to convert. To be called once.</summary>
    public void Ask(ConversionRequest request)
    {
        try
        {
            _process.StandardInput.WriteLine(request.ToLine());
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended already: told by its exit code.
        }
    }

    /// <summary>Hands over what it tells of what it has written, piece by piece, until it has ended.</summary>
    /// <param name="sentBytes">Of the file that it converts.</param>
    /// <param name="written">Bytes that it has written, whether it has told of them or not.</param>
    /// <param name="take">Is told what there is.</param>
    /// <exception cref="ConversionFaultException">The file is at fault, or takes too much of something.</exception>
    /// <exception cref="ConversionBrokenException">The process ended as none should.</exception>
    public async Task FollowAsync(
        ConversionLimits limits, long sentBytes, Func<long> written, Func<ConversionDigest, CancellationToken, ValueTask> take, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Activity activity = new(time);
        Task<Problem?> watching = WatchAsync(limits, activity, () => limits.Output.FaultOf(written(), sentBytes), time, ended.Token);
        byte[] told = new byte[ConversionDigest.WrittenBytes];
        Problem? problem = null;
        Stream output = _process.StandardOutput.BaseStream;
        await using (cancellationToken.UnsafeRegister(static process => ((ConversionProcess)process!).Kill(), this))
        {
            while (await output.ReadAtLeastAsync(told, told.Length, throwOnEndOfStream: false, CancellationToken.None) == told.Length)
            {
                var made = ConversionDigest.Read(told);
                problem = limits.Output.FaultOf(made.Bytes, sentBytes);
                if (problem is not null)
                {
                    break;
                }

                await take(made, cancellationToken);
                activity.Note();
                Acknowledge();
            }

            if (problem is not null)
            {
                Kill();
            }

            await _process.WaitForExitAsync(CancellationToken.None);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await ended.CancelAsync();
        problem ??= await watching;
        ThrowUnlessWhole(problem, limits, await _errors);
    }

    private void Acknowledge()
    {
        try
        {
            _process.StandardInput.BaseStream.WriteByte((byte)Heard);
            _process.StandardInput.BaseStream.Flush();
        }
        catch (IOException)
        {
            // It has ended: what it told of may have been the last of it.
        }
    }

    private void ThrowUnlessWhole(Problem? problem, ConversionLimits limits, string errors)
    {
        if (problem is null && _process.ExitCode == ConverterCommand.Demanding)
        {
            problem = ConversionProblems.TooMuchMemory(limits.MemoryBytes);
        }

        if (problem is not null)
        {
            throw new ConversionFaultException(problem);
        }

        if (_process.ExitCode == ConverterCommand.Oversized)
        {
            throw new ConversionFaultException(ConversionProblems.TooLarge(errors));
        }

        if (_process.ExitCode == ConverterCommand.Unconvertible)
        {
            throw new ConversionFaultException(ConversionProblems.Unreadable(errors));
        }

        if (_process.ExitCode == ConverterCommand.Unwritable)
        {
            throw new IOException(errors);
        }

        if (_process.ExitCode != 0)
        {
            throw new ConversionBrokenException(
                string.Create(CultureInfo.InvariantCulture, $"The converter ended with code {_process.ExitCode}. {errors}").TrimEnd());
        }
    }

    /// <summary>Ends the process when it uses too much, makes too much, or does nothing for too long.</summary>
    /// <returns>Why it was ended; null when it was not.</returns>
    private async Task<Problem?> WatchAsync(
        ConversionLimits limits, Activity activity, Func<Problem?> faultOfOutput, TimeProvider time, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(WatchInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                _process.Refresh();
                Problem? problem = _process.HasExited ? null
                    : _process.WorkingSet64 > limits.MemoryBytes ? ConversionProblems.TooMuchMemory(limits.MemoryBytes)
                    : activity.Still > limits.Stall ? ConversionProblems.TooSlow(limits.Stall)
                    : faultOfOutput();
                if (problem is not null)
                {
                    Kill();
                    return problem;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
        catch (InvalidOperationException)
        {
            // It ended while it was looked at.
        }

        return null;
    }

    /// <summary>No more is kept of it than a message shows; the rest is read, so that nothing waits to be written.</summary>
    private static async Task<string> ReadErrorsAsync(StreamReader errors)
    {
        char[] kept = new char[ErrorLengthMax], rest = new char[1024];
        int length = 0;
        while (true)
        {
            Memory<char> room = length < kept.Length ? kept.AsMemory(length) : rest;
            int read = await errors.ReadAsync(room);
            if (read == 0)
            {
                return new string(kept, 0, length).Trim();
            }

            length += length < kept.Length ? read : 0;
        }
    }

    /// <summary>Ends the process, whatever it does.</summary>
    internal void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended.
        }
    }

    /// <summary>The same executable, whichever way this process was started.</summary>
    private static ProcessStartInfo Describe(string[] arguments)
    {
        string own = typeof(ConverterCommand).Assembly.GetName().Name!;
        if (Environment.ProcessPath is { } path && Path.GetFileName(path) == (OperatingSystem.IsWindows() ? $"{own}.exe" : own))
        {
            return new ProcessStartInfo(path, arguments);
        }

        string host = Path.Combine(DotnetRoot, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return new ProcessStartInfo(host, ["exec", Path.Combine(AppContext.BaseDirectory, $"{own}.dll"), .. arguments]);
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    /// <summary>When something came last.</summary>
    private sealed class Activity(TimeProvider time)
    {
        private long _last = time.GetTimestamp();

        public TimeSpan Still => time.GetElapsedTime(Volatile.Read(ref _last));

        public void Note() => Volatile.Write(ref _last, time.GetTimestamp());
    }
}
