using System.Globalization;
using System.Security.Cryptography;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// How long a test goes on that makes up what it does: a number of times in a run of all tests, by hand as many seconds as
/// <c>PIPELINE_FUZZ_SECONDS</c> says. Each time has a seed of its own; <c>PIPELINE_FUZZ_SEED</c> is the first of them.
/// </summary>
/// <param name="times">In a run of all tests.</param>
internal sealed class ByHandFor(int times)
{
    public const string SecondsVariable = "PIPELINE_FUZZ_SECONDS", SeedVariable = "PIPELINE_FUZZ_SEED";

    private readonly int _first = Setting(SeedVariable) ?? RandomNumberGenerator.GetInt32(1_000_000);
    private readonly TimeSpan? _length = Setting(SecondsVariable) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private readonly long _bytes = GC.GetTotalMemory(forceFullCollection: true);
    private long _last = TimeProvider.System.GetTimestamp();
    private TimeSpan _slowest;
    private int _slowestSeed;
    private int _done;

    /// <summary>Of the time at hand.</summary>
    public int Seed => _first + _done - 1;

    /// <summary>Before each time.</summary>
    public bool GoesOn()
    {
        long now = TimeProvider.System.GetTimestamp();
        TimeSpan took = TimeProvider.System.GetElapsedTime(_last, now);
        (_slowest, _slowestSeed) = _done > 0 && took > _slowest ? (took, Seed) : (_slowest, _slowestSeed);
        _last = now;
        bool goesOn = _length is { } length ? TimeProvider.System.GetElapsedTime(_began, now) < length : _done < times;
        _done += goesOn ? 1 : 0;
        return goesOn;
    }

    public Random NextRandom() => new(Seed);

    /// <summary>Says how it went, and that no more memory is in use than before, but for so much.</summary>
    public void Tell(string what, long bytesLeftMax)
    {
        long left = GC.GetTotalMemory(forceFullCollection: true) - _bytes;
        TestContext.Current.SendDiagnosticMessage(
            "{0}: {1} times from seed {2} on, the slowest {3} ms (seed {4}), {5} MB more in use", what, _done, _first, (int)_slowest.TotalMilliseconds, _slowestSeed, left >> 20);
        Assert.True(_length is null || left < bytesLeftMax, $"{what}: {left} bytes more are in use than before.");
    }

    private static int? Setting(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : null;
}
