using System.Collections.Immutable;
using System.Text.Json;

namespace PipelineService.Core.Parsing.Json;

/// <summary>Finds the array of the records in a document, piece by piece: all that stands before it is passed over.</summary>
/// <param name="path">The names of the objects and of the array, from the outermost on; at least one.</param>
public sealed class JsonHead(ImmutableArray<string> path)
{
    /// <summary>Deepest nesting of what is passed over.</summary>
    internal const int DepthMax = 1_000;

    /// <summary>Names that are told where the one that is looked for is not there.</summary>
    private const int NamesMax = 10;

    private readonly List<string> _names = [];
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = DepthMax });

    /// <summary>How many names of the path are found.</summary>
    public int Level { get; private set; }

    /// <summary>The first names beside the one that is looked for.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The value of a name of the path comes next.</summary>
    private bool _isNamed;

    /// <summary>Reads on.</summary>
    /// <param name="bytes">The first ones start where the document does, the next behind those that were read.</param>
    /// <param name="isFinal">Whether no byte follows.</param>
    /// <param name="read">How many of the bytes were read; where the array was found, up to its bracket.</param>
    public JsonHeadResult Read(ReadOnlySpan<byte> bytes, bool isFinal, out int read)
    {
        Utf8JsonReader reader = new(bytes, isFinal, _state);
        JsonHeadResult result = JsonHeadResult.GoesOn;
        try
        {
            while (result == JsonHeadResult.GoesOn && reader.Read())
            {
                result = Take(ref reader);
            }

            _state = reader.CurrentState;
            read = (int)(result == JsonHeadResult.Found ? reader.TokenStartIndex : reader.BytesConsumed);
        }
        catch (JsonException)
        {
            read = (int)reader.BytesConsumed;
            result = isFinal && JsonTail.MayGoOn(bytes, _state) ? JsonHeadResult.Truncated : JsonHeadResult.Malformed;
        }

        return result;
    }

    private JsonHeadResult Take(ref Utf8JsonReader reader)
    {
        if (_isNamed)
        {
            _isNamed = false;
            bool isLast = Level == path.Length - 1;
            if (reader.TokenType == (isLast ? JsonTokenType.StartArray : JsonTokenType.StartObject))
            {
                Level++;
                _names.Clear();
                return isLast ? JsonHeadResult.Found : JsonHeadResult.GoesOn;
            }

            return isLast ? JsonHeadResult.NoArray : JsonHeadResult.NoObject;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName when reader.CurrentDepth == Level + 1:
                _isNamed = IsNamed(ref reader, path[Level]);
                if (!_isNamed && _names.Count < NamesMax)
                {
                    _names.Add(NameOf(ref reader));
                }

                return JsonHeadResult.GoesOn;
            case JsonTokenType.EndObject when reader.CurrentDepth == Level:
                return JsonHeadResult.Missing;
            case not JsonTokenType.StartObject when reader.CurrentDepth == 0:
                return JsonHeadResult.NoObject;
            default:
                return JsonHeadResult.GoesOn;
        }
    }

    /// <summary>Whether a name is the one that is looked for. It may have half of a character, which no string has.</summary>
    internal static bool IsNamed(ref Utf8JsonReader reader, string name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A name may be half of a character, which no string is.</summary>
    private static string NameOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "?";
        }
    }
}

/// <summary>What came of looking for the array of the records.</summary>
public enum JsonHeadResult
{
    /// <summary>It may come yet.</summary>
    GoesOn,

    Found,

    /// <summary>An object of the path does not have the next name.</summary>
    Missing,

    /// <summary>The last name of the path has no array.</summary>
    NoArray,

    /// <summary>Another name of the path, or the document itself, is no object.</summary>
    NoObject,

    /// <summary>What comes before is no JSON.</summary>
    Malformed,

    /// <summary>It ends before the array comes.</summary>
    Truncated,
}
