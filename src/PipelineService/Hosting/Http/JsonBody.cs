using System.Text.Json;

namespace PipelineService.Hosting.Http;

/// <summary>
/// The body of a request that is a small JSON object: bounded, strict, and read member by member, with all faults at once. Dispose of it
/// when nothing of it is needed any more.
/// </summary>
internal sealed class JsonBody : IDisposable
{
    public const int BytesMax = 64 << 10;

    private readonly JsonDocument? _json;
    private readonly JsonElement _object;
    private readonly string _at = "";

    private JsonBody(JsonDocument json) => (_json, _object, Faults) = (json, json.RootElement, []);

    /// <summary>An object in another.</summary>
    private JsonBody(JsonElement part, string at, Dictionary<string, string[]> faults) => (_object, _at, Faults) = (part, at, faults);

    /// <summary>What is wrong with it: JSON pointer → sentences.</summary>
    public Dictionary<string, string[]> Faults { get; }

    /// <param name="isOptional">Whether there may be none: then neither a body nor a problem is returned.</param>
    /// <param name="invalid">The problem of a body with these faults.</param>
    public static async Task<(JsonBody? Body, Problem? Problem)> ReadAsync(
        HttpRequest request, bool isOptional, Func<IReadOnlyDictionary<string, string[]>, Problem> invalid, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BytesMax + 1];
        int length = request.ContentLength > BytesMax
            ? buffer.Length
            : await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length == 0 && isOptional)
        {
            return (null, null);
        }

        if (length > BytesMax)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, $"It has at most {BytesMax} bytes."));
        }

        if (!string.IsNullOrEmpty(request.ContentType) && !request.HasJsonContentType())
        {
            return (null, ErrorAnswers.Describe(
                StatusCodes.Status415UnsupportedMediaType,
                "Send it as application/json: with curl, -H 'Content-Type: application/json'."));
        }

        if (StrictJson.FaultOf(buffer.AsSpan(0, length)) is { } fault)
        {
            return (null, ErrorAnswers.Describe(StatusCodes.Status400BadRequest, fault));
        }

        var json = JsonDocument.Parse(buffer.AsMemory(0, length), new JsonDocumentOptions { MaxDepth = StrictJson.DepthMax });
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            return (new JsonBody(json), null);
        }

        json.Dispose();
        return (null, invalid(new Dictionary<string, string[]> { [""] = ["Must be an object."] }));
    }

    public void Add(string member, params string[] sentences) => Faults[$"{_at}/{member}"] = sentences;

    public void CheckMembers(params string[] known)
    {
        foreach (JsonProperty member in _object.EnumerateObject().Where(member => !known.Contains(member.Name)).Take(Problem.UnknownShownMax))
        {
            string shown = Core.Rules.Excerpt.Of(member.Name);
            Add(shown, $"There is no such member.{Suggestion.For(member.Name, known)} There are {string.Join(", ", known)}.");
        }
    }

    /// <summary>Null where it is left out.</summary>
    public string? Text(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (TextOf(value) is { } text)
        {
            return text;
        }

        Add(name, "Must be a text.");
        return null;
    }

    /// <inheritdoc cref="Text"/>
    public List<string>? Texts(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        List<string?> texts = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(TextOf)] : [null];
        if (!texts.Contains(null))
        {
            return texts!;
        }

        Add(name, "Must be a list of texts.");
        return null;
    }

    /// <inheritdoc cref="Text"/>
    public bool? Flag(string name)
    {
        JsonElement? value = Find(name);
        if (value is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
        {
            Add(name, "Must be true or false.");
            return null;
        }

        return value?.GetBoolean();
    }

    /// <summary>An object of texts; null where it is left out.</summary>
    public Dictionary<string, string>? Pairs(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        Dictionary<string, string> pairs = new(StringComparer.OrdinalIgnoreCase);
        bool areTexts = value.ValueKind == JsonValueKind.Object;
        foreach (JsonProperty member in areTexts ? [.. value.EnumerateObject()] : Array.Empty<JsonProperty>())
        {
            areTexts &= TextOf(member.Value) is { } text && pairs.TryAdd(member.Name, text);
        }

        if (areTexts)
        {
            return pairs;
        }

        Add(name, "Must be an object with a text for each name, and no name twice.");
        return null;
    }

    /// <summary>A whole number, or null for no limit.</summary>
    public long? WholeNumber(string name, long min, long max)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= min && number <= max)
        {
            return number;
        }

        Add(name, FormattableString.Invariant($"Must be a whole number from {min:N0} to {max:N0}, or null for no limit."));
        return null;
    }

    /// <summary>An object in it, whose faults are among those of this one; null where it is left out.</summary>
    /// <param name="expected">What is said of something else.</param>
    public JsonBody? Part(string name, string expected)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new JsonBody(value, $"{_at}/{name}", Faults);
        }

        Add(name, expected);
        return null;
    }

    /// <summary>Whether there is such a member, be it null.</summary>
    public bool Has(string name) => _object.TryGetProperty(name, out _);

    public void Dispose() => _json?.Dispose();

    private JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>Null for what is no text, and for what PostgreSQL cannot store: half of a surrogate pair, U+0000.</summary>
    private static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String && value.GetString() is { } text && RequestText.IsStorable(text) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
