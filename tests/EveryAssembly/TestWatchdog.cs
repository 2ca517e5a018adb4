using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit.Sdk;

namespace PipelineService.EveryAssembly;

/// <summary>
/// The limits of every test: of time, whether it awaits or blocks, and of memory. A run that hangs, in a test or between tests
/// (in what a class needs before its tests, or at its end), or that eats the machine, says where and ends as a failure.
/// </summary>
/// <remarks>
/// It looks from a thread of its own: what hangs may hold every thread of the pool. <c>PIPELINE_TEST_SECONDS_MAX</c> sets
/// another limit; 0 is none, for tests that are run by hand at any length.
/// </remarks>
internal sealed class TestWatchdog : IMessageSink, IDisposable
{
    public const string LimitVariable = "PIPELINE_TEST_SECONDS_MAX";

    private const int ExitCode = 3;
    private const long MemoryBytesMax = 3L << 30;
    private static readonly TimeSpan LimitDefault = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    private static long _limitTicks = Limit().Ticks;

    private readonly IMessageSink _next;
    private readonly ConcurrentDictionary<string, (string Name, long Since)> _classes = new();
    private readonly ConcurrentDictionary<string, (string Name, long Since)> _tests = new();
    private readonly ManualResetEventSlim _isOver = new();
    private readonly Thread _watching;
    private long _lastSign = TimeProvider.System.GetTimestamp();

    /// <param name="next">Who the messages about the tests are for.</param>
    public TestWatchdog(IMessageSink next)
    {
        _next = next;
        _watching = new Thread(Watch) { IsBackground = true, Name = "test watchdog" };
        _watching.Start();
    }

    /// <summary>Sets another limit from now on, for what is running already too.</summary>
    public static void LimitTo(TimeSpan limit) => Volatile.Write(ref _limitTicks, limit.Ticks);

    public bool OnMessage(IMessageSinkMessage message)
    {
        long now = TimeProvider.System.GetTimestamp();
        Volatile.Write(ref _lastSign, now);
        switch (message)
        {
            case ITestClassStarting started:
                _classes[started.TestClassUniqueID!] = (started.TestClassName, now);
                break;
            case ITestClassFinished finished:
                _classes.TryRemove(finished.TestClassUniqueID!, out _);
                break;
            case ITestStarting started:
                _tests[started.TestUniqueID] = (started.TestDisplayName, now);
                break;
            case ITestFinished finished:
                _tests.TryRemove(finished.TestUniqueID, out _);
                break;
        }

        return _next.OnMessage(message);
    }

    public void Dispose()
    {
        _isOver.Set();
        _watching.Join();
        _isOver.Dispose();
    }

    private static TimeSpan Limit() =>
        Environment.GetEnvironmentVariable(LimitVariable) is { Length: > 0 } seconds
            ? int.Parse(seconds, CultureInfo.InvariantCulture) is > 0 and var limit ? TimeSpan.FromSeconds(limit) : TimeSpan.MaxValue
            : LimitDefault;

    private void Watch()
    {
        while (!_isOver.Wait(Poll))
        {
            if (Fault() is { } fault && !Debugger.IsAttached)
            {
                Console.Error.WriteLine(Report(fault));
                Console.Error.Flush();
                End();
            }
        }
    }

    private string? Fault()
    {
        TimeSpan limit = new(Volatile.Read(ref _limitTicks));
        return Age(Volatile.Read(ref _lastSign)) > limit || _tests.Values.Any(test => Age(test.Since) > limit)
            ? string.Create(CultureInfo.InvariantCulture, $"HANG: {limit.TotalSeconds} s without an end")
        : Environment.WorkingSet > MemoryBytesMax
            ? string.Create(CultureInfo.InvariantCulture, $"MEMORY: more than {MemoryBytesMax >> 20} MiB")
        : null;
    }

    private string Report(string fault)
    {
        string[] lines =
        [
            $"{fault}. The run is broken off.",
            .. Lines("running", _tests.Values),
            .. _tests.IsEmpty ? Lines("no test is running; under way is the class", _classes.Values) : [],
        ];
        return string.Join(Environment.NewLine, lines);
    }

    private static IEnumerable<string> Lines(string what, IEnumerable<(string Name, long Since)> entries) =>
        from entry in entries
        orderby entry.Since
        select string.Create(CultureInfo.InvariantCulture, $"  {what} {entry.Name}, for {Age(entry.Since).TotalSeconds:F0} s");

    private static TimeSpan Age(long since) => TimeProvider.System.GetElapsedTime(since);

    /// <summary>
    /// First what the tests have started, which would outlive them. Then not by <see cref="Environment.Exit"/> alone: what
    /// hangs may also hang the handlers that it waits for.
    /// </summary>
    private static void End()
    {
        foreach (int child in Children())
        {
            Kill(child);
        }

        new Thread(() => Environment.Exit(ExitCode)) { IsBackground = true }.Start();
        Thread.CurrentThread.Join(Poll);
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    /// <summary>As Linux tells them; elsewhere they are left.</summary>
    private static IEnumerable<int> Children() => Directory.Exists("/proc/self/task")
        ? Directory.EnumerateDirectories("/proc/self/task")
            .Select(thread => Path.Combine(thread, "children"))
            .Where(File.Exists)
            .SelectMany(file => File.ReadAllText(file).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture))
        : [];

    private static void Kill(int processId)
    {
        try
        {
            using var child = Process.GetProcessById(processId);
            child.Kill(entireProcessTree: true);
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has just ended.
        }
    }
}
