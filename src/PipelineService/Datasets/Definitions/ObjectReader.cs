using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Reads the properties of one JSON object and lists what is wrong with each. Reading goes on after a fault with the
/// property's default, so that one answer holds every fault; <see cref="Finish"/> refuses what nobody asked for.
/// </summary>
internal sealed class ObjectReader
{
    private readonly JsonElement _element;
    private readonly string _pointer;
    private readonly DefinitionFaults _faults;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private ObjectReader(JsonElement element, string pointer, DefinitionFaults faults)
    {
        _element = element;
        _pointer = pointer;
        _faults = faults;
    }

    public static ObjectReader? Open(JsonElement element, string pointer, DefinitionFaults faults)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            return new ObjectReader(element, pointer, faults);
        }

        faults.Add(
            pointer,
            element.ValueKind == JsonValueKind.String && pointer is "/schema" or "/dialect"
                ? "Must be an object: put what the file holds in the place of its name."
                : "Must be an object.");
        return null;
    }

    public string PointerTo(string name) => JsonPointer.Append(_pointer, name);

    /// <inheritdoc cref="DefinitionFaults.Near"/>
    public string Near(string word, IEnumerable<string> known) => _faults.Near(word, known);

    public void Fault(string name, string message) => _faults.Add(PointerTo(name), message);

    /// <summary>
    /// The property's value. <c>null</c> is as if nothing were said: many clients write it for what they leave out.
    /// </summary>
    public bool TryGet(string name, out JsonElement value)
    {
        _known.Add(name);
        return _element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    /// <summary>The object below this one, or null when it is absent, <c>null</c> or no object.</summary>
    public ObjectReader? Object(string name) =>
        TryGet(name, out JsonElement value) ? Open(value, PointerTo(name), _faults) : null;

    /// <summary>Text, or null when absent or <c>null</c>.</summary>
    public string? Text(string name) =>
        TryGet(name, out JsonElement value) ? TextOf(value, PointerTo(name)) : null;

    public bool Boolean(string name, bool otherwise)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return otherwise;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Fault(name, "Must be true or false.");
        return otherwise;
    }

    /// <summary>True or false, or null when absent or <c>null</c>.</summary>
    public bool? Flag(string name) => TryGet(name, out _) ? Boolean(name, otherwise: false) : null;

    /// <summary>A whole number from 0 on, or null when absent or <c>null</c>.</summary>
    public long? Count(string name, long max)
    {
        if (!TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0 && number <= max)
        {
            return number;
        }

        Fault(name, $"Must be a whole number from 0 to {max}.");
        return null;
    }

    /// <summary>
    /// One of some words, in upper or lower case, each standing for a value; else the default and a fault that lists them.
    /// </summary>
    /// <param name="advice">Other words that are often put here, with a sentence each.</param>
    public T Choice<T>(
        string name, ImmutableArray<(string Word, T Value)> choices, T otherwise, IReadOnlyDictionary<string, string>? advice = null) =>
        Text(name) is string word ? Choose(name, word, choices, otherwise, advice) : otherwise;

    public T Choose<T>(
        string name,
        string word,
        ImmutableArray<(string Word, T Value)> choices,
        T otherwise,
        IReadOnlyDictionary<string, string>? advice = null)
    {
        foreach ((string known, T value) in choices)
        {
            if (known.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        string[] words = [.. choices.Select(c => c.Word)];
        string meant = AdviceFor(word, words, advice);
        Fault(name, $"\"{Excerpt.Of(word)}\" is not known here: use one of {string.Join(", ", words)}.{meant}");
        return otherwise;
    }

    /// <summary>Texts, or the default when absent; every element that is none is a fault of its own.</summary>
    public ImmutableArray<string> Texts(string name, ImmutableArray<string> otherwise) =>
        Items(name, TextOf) is { IsDefault: false } texts ? texts : otherwise;

    /// <summary>One text or an array of them; nothing when absent.</summary>
    public ImmutableArray<string> Names(string name) =>
        TryGet(name, out JsonElement value) ? NamesOf(value, PointerTo(name)) : [];

    /// <inheritdoc cref="Names"/>
    public ImmutableArray<string> NamesOf(JsonElement value, string pointer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return TextOf(value, pointer) is string text ? [text] : [];
            case JsonValueKind.Array:
                return [.. value.EnumerateArray().Select((e, index) => TextOf(e, JsonPointer.Append(pointer, index))).OfType<string>()];
            default:
                _faults.Add(pointer, "Must be a text or an array of texts.");
                return [];
        }
    }

    /// <summary>The elements of an array, those left out that <paramref name="read"/> gives null for; default when absent.</summary>
    public ImmutableArray<T> Items<T>(string name, Func<JsonElement, string, T?> read)
        where T : class
    {
        if (!TryGet(name, out JsonElement value))
        {
            return default;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Fault(name, "Must be an array.");
            return default;
        }

        ImmutableArray<T>.Builder items = ImmutableArray.CreateBuilder<T>(value.GetArrayLength());
        int index = 0;
        foreach (JsonElement element in value.EnumerateArray())
        {
            if (read(element, JsonPointer.Append(PointerTo(name), index++)) is T item)
            {
                items.Add(item);
            }
        }

        return items.DrainToImmutable();
    }

    public string? TextOf(JsonElement value, string pointer)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            _faults.Add(pointer, "Must be a text.");
            return null;
        }

        string text = value.GetString()!;
        if (!text.Contains('\0', StringComparison.Ordinal))
        {
            return text;
        }

        _faults.Add(pointer, "Must not hold the NUL character: PostgreSQL cannot store it.");
        return null;
    }

    /// <summary>
    /// Refuses a part of the standard that this version does not do, unless what the client wrote asks for nothing.
    /// </summary>
    public void Unsupported(string name, Func<JsonElement, bool>? asksForNothing = null, string? hint = null)
    {
        if (TryGet(name, out JsonElement value) && asksForNothing?.Invoke(value) != true)
        {
            Fault(name, $"\"{name}\" is not supported by this version{(hint is null ? "." : $": {hint}")}");
        }
    }

    /// <summary>Takes properties that inform people and change nothing.</summary>
    public void Metadata(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            _known.Add(name);
        }
    }

    /// <summary>Takes properties of these names if they are <c>null</c>: generated clients write those that they leave out.</summary>
    public void PassOverNull(IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            if (_element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null)
            {
                _known.Add(name);
            }
        }
    }

    /// <summary>Refuses every property that was not asked for: a typo must not be taken for silence.</summary>
    /// <param name="advice">Words that are often put here, with a sentence each: see <see cref="MisplacedWords"/>.</param>
    public void Finish(IReadOnlyDictionary<string, string>? advice = null)
    {
        foreach (JsonProperty property in _element.EnumerateObject().Where(p => !_known.Contains(p.Name)))
        {
            string meant = AdviceFor(property.Name, _known, advice);
            Fault(
                Excerpt.Cut(property.Name, Excerpt.NameLengthMax), $"\"{Excerpt.Of(property.Name)}\" is not a known property.{meant}");
        }
    }

    /// <summary>
    /// Passes over what was not asked for, as the standard allows it, and says so; but not what looks like a typo of a known property,
    /// or belongs elsewhere.
    /// </summary>
    /// <param name="advice">As for <see cref="Finish"/>.</param>
    public void PassOverOthers(IReadOnlyDictionary<string, string>? advice = null)
    {
        foreach (JsonProperty property in _element.EnumerateObject().Where(p => !_known.Contains(p.Name) && !IsForeign(p.Name)))
        {
            string name = Excerpt.Cut(property.Name, Excerpt.NameLengthMax);
            string unknown = $"\"{Excerpt.Of(property.Name)}\" is not a known property";
            if (AdviceFor(property.Name, _known, advice) is { Length: > 0 } meant)
            {
                Fault(name, $"{unknown}.{meant}");
            }
            else
            {
                _faults.Warn(PointerTo(name), $"{unknown}: it is passed over and not kept.");
            }
        }
    }

    /// <summary>
    /// Whether a property is marked as one of somebody's own: a name with a prefix, as in <c>x-unit</c> or
    /// <c>dc:title</c>.
    /// </summary>
    private static bool IsForeign(string name) =>
        name.Contains(':', StringComparison.Ordinal) || name is ['_' or '$' or '@', ..] or ['x' or 'X', '-' or '_', ..];

    private string AdviceFor(string word, IEnumerable<string> known, IReadOnlyDictionary<string, string>? advice) =>
        advice is not null && advice.TryGetValue(word, out string? sentence) ? " " + sentence : Near(word, known);
}
