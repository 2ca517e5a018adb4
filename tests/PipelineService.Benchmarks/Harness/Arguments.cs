using System.Globalization;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// The options of a command: <c>--name value</c>, or <c>--name</c> alone for yes. Small on purpose; what is not asked for by
/// the command is refused, because a mistyped option would otherwise give the figures of another measurement.
/// </summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, List<string>> _values = [];
    private readonly HashSet<string> _asked = [];

    public Arguments(ReadOnlySpan<string> args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                throw new UsageException($"'{args[i]}' is not an option.");
            }

            string name = args[i][2..];
            bool hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            if (!_values.TryGetValue(name, out List<string>? values))
            {
                _values[name] = values = [];
            }

            values.Add(hasValue ? args[++i] : "yes");
        }
    }

    public string? Text(string name)
    {
        _asked.Add(name);
        return _values.TryGetValue(name, out List<string>? values) ? values[^1] : null;
    }

    public string Text(string name, string byDefault) => Text(name) ?? byDefault;

    /// <summary>All values of an option that may be given more than once.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        _asked.Add(name);
        return _values.TryGetValue(name, out List<string>? values) ? values : [];
    }

    public bool Flag(string name) => Text(name) is "yes" or "true" or "on";

    public int Integer(string name, int byDefault) => (int)Number(name, byDefault);

    public long Long(string name, long byDefault) => (long)Number(name, byDefault);

    public double Number(string name, double byDefault)
    {
        string? text = Text(name);
        return text is null ? byDefault
            : double.TryParse(text.Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture, out double value)
                ? value
                : throw new UsageException($"--{name} takes a number, not '{text}'.");
    }

    /// <summary>Call when everything was asked for, before anything is measured.</summary>
    public void RefuseUnknown()
    {
        string[] unknown = [.. _values.Keys.Where(k => !_asked.Contains(k)).Order(StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            throw new UsageException($"Unknown option: --{string.Join(", --", unknown)}.");
        }
    }
}

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);
