using PipelineService.Hosting;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access.Keys;

/// <summary>The words of <c>PipelineService keys …</c>: a verb, a name or an id, options of the verb, and settings of the service.</summary>
internal sealed class KeysCommandLine
{
    public const string Create = "create";
    public const string List = "list";
    public const string Rotate = "rotate";
    public const string Revoke = "revoke";

    /// <summary>The limits of a key, which are named as in the API.</summary>
    public const string RequestsPerMinute = "requests-per-minute", BytesPerMinute = "bytes-per-minute", UploadsAtOnce = "uploads-at-once";

    private const string Option = "--";

    /// <summary>The options that each verb has.</summary>
    private static readonly Dictionary<string, string[]> Verbs = new()
    {
        [Create] = ["scopes", "datasets", "source", "tenant", "expires", RequestsPerMinute, BytesPerMinute, UploadsAtOnce],
        [List] = [],
        [Rotate] = ["overlap"],
        [Revoke] = [],
    };

    private readonly Dictionary<string, string> _options = [];

    private KeysCommandLine()
    {
    }

    public string Verb { get; private set; } = "";

    /// <summary>The new key's name, or the id of one; null when none was given.</summary>
    public string? Subject { get; private set; }

    public bool WantsHelp { get; private set; }

    /// <summary>What cannot be understood; null when all can.</summary>
    public string? Fault { get; private set; }

    /// <summary>What is said of the service's settings.</summary>
    public List<string> Settings { get; } = [];

    public static KeysCommandLine Read(ReadOnlySpan<string> words)
    {
        KeysCommandLine line = new()
        {
            WantsHelp = words.IsEmpty || words.ContainsAny(["--help", "-h", "-?", "/?"]),
            Verb = words.IsEmpty ? "" : words[0],
        };
        if (!line.WantsHelp)
        {
            line.Fault = line.FaultOf(words[1..]);
        }

        return line;
    }

    public string? ValueOf(string option) => _options.GetValueOrDefault(option);

    /// <summary>Commas between.</summary>
    public string[]? ListOf(string option) =>
        ValueOf(option)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private string? FaultOf(ReadOnlySpan<string> words)
    {
        if (!Verbs.TryGetValue(Verb, out string[]? options))
        {
            return $"There is no keys {Verb}.{Suggestion.For(Verb, Verbs.Keys)}";
        }

        for (int at = 0; at < words.Length; at++)
        {
            if (!words[at].StartsWith(Option, StringComparison.Ordinal))
            {
                if (Subject is not null || Verb == List)
                {
                    return $"\"{words[at]}\" is one word too many.";
                }

                Subject = words[at];
                continue;
            }

            string[] parts = words[at][Option.Length..].Split('=', 2);
            if (!options.Contains(parts[0]) && !SettingNames.IsKnown(parts[0]))
            {
                return $"There is no option {Option}{parts[0]}.{Suggestion.For(Option + parts[0], options.Select(name => Option + name))}";
            }

            if (parts.Length == 1 && (++at == words.Length || words[at].StartsWith(Option, StringComparison.Ordinal)))
            {
                return $"{Option}{parts[0]} needs a value.";
            }

            Take(parts[0], parts.Length == 2 ? parts[1] : words[at], options);
        }

        return Subject is null && Verb != List ? $"keys {Verb} needs {(Verb == Create ? "a name" : "an id")}." : null;
    }

    private void Take(string name, string value, string[] options)
    {
        if (options.Contains(name))
        {
            _options[name] = value;
        }
        else
        {
            Settings.Add($"{Option}{name}={value}");
        }
    }
}
