using System.Collections.Concurrent;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// A label whose values others choose. The first ones that come are kept apart, further ones are counted together: each
/// value is a series, which costs memory here and in whatever scrapes for as long as the process lives.
/// </summary>
/// <param name="max">
/// Values that are kept apart. Passed by a few when threads race: it bounds memory, and promises nothing.
/// </param>
internal sealed class BoundedLabel(int max)
{
    /// <summary>In place of a value that is not kept apart.</summary>
    public const string Other = "other";

    private readonly BoundedSet<string> _values = new(max);

    public string Of(string? value) => string.IsNullOrEmpty(value) ? "" : _values.Has(value) ? value : Other;
}

/// <summary>Two labels together: each value alone may be kept apart and their combinations still be too many.</summary>
/// <param name="max">Combinations that are kept apart.</param>
internal sealed class BoundedPair(int max)
{
    private readonly BoundedSet<(string, string)> _pairs = new(max);

    /// <summary>The first value as it is, and the second, or "other" where the combination is one too many.</summary>
    public string SecondOf(string first, string second) => _pairs.Has((first, second)) ? second : BoundedLabel.Other;
}

/// <summary>A set that stops to grow.</summary>
internal sealed class BoundedSet<T>(int max)
    where T : notnull
{
    private readonly ConcurrentDictionary<T, byte> _values = new();
    private int _count;

    /// <summary>Whether it holds a value, which it takes while there is room.</summary>
    public bool Has(T value)
    {
        if (_values.ContainsKey(value))
        {
            return true;
        }

        if (Volatile.Read(ref _count) >= max)
        {
            return false;
        }

        if (_values.TryAdd(value, 0))
        {
            Interlocked.Increment(ref _count);
        }

        return true;
    }
}
