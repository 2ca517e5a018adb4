using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Reads what closes the array of the records and all that encloses it. What else stands there is passed over, but it must be
/// well-formed, and must not have the records' name once more: those records would be lost without a word.
/// </summary>
/// <param name="path">The names of the objects and of the array in which the records stand.</param>
internal sealed class JsonTail(ImmutableArray<string> path) : DocumentTail
{
    private JsonReaderState _state = StateIn(path.Length);

    /// <summary>How many of the objects that enclose the records are still open.</summary>
    private int _level = path.Length;

    /// <inheritdoc/>
    public override int Read(ReadOnlySpan<byte> bytes, bool isFinal, out FramingFault? fault)
    {
        Utf8JsonReader reader = new(bytes, isFinal, _state);
        fault = null;
        try
        {
            while (fault is null && reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == _level - 1)
                {
                    _level--;
                }
                else if (reader.TokenType == JsonTokenType.PropertyName && _level > 0 && reader.CurrentDepth == _level
                    && JsonHead.IsNamed(ref reader, path[_level - 1]))
                {
                    fault = new FramingFault(FramingFaultKind.RepeatedProperty, (int)reader.TokenStartIndex);
                }
            }

            _state = reader.CurrentState;
        }
        catch (JsonException)
        {
            // Where it stopped: the reader has read all that comes before what it does not understand.
            int position = (int)reader.BytesConsumed;
            position += JsonGrammar.EndOfBlanks(bytes[position..], 0);
            fault = isFinal && MayGoOn(bytes, _state)
                ? new FramingFault(FramingFaultKind.Truncated, bytes.Length)
                : new FramingFault(FramingFaultKind.MalformedTail, position);
        }

        return (int)reader.BytesConsumed;
    }

    /// <summary>Whether bytes are no fault if others follow them.</summary>
    internal static bool MayGoOn(ReadOnlySpan<byte> bytes, JsonReaderState state)
    {
        Utf8JsonReader reader = new(bytes, isFinalBlock: false, state);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The state of a reader within the array, which an element may precede or not: either way it may be closed.</summary>
    private static JsonReaderState StateIn(int depth)
    {
        StringBuilder head = new();
        for (int i = 0; i < depth; i++)
        {
            head.Append("{\"\":");
        }

        Utf8JsonReader reader = new(
            System.Text.Encoding.UTF8.GetBytes(head.Append('[').ToString()),
            isFinalBlock: false,
            new JsonReaderState(new JsonReaderOptions { MaxDepth = JsonHead.DepthMax }));
        while (reader.Read())
        {
        }

        return reader.CurrentState;
    }
}
