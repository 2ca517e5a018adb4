using System.Globalization;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Encoding.Geo;

/// <summary>Walks over the elements of a JSON array that is known to be well-formed.</summary>
internal ref struct JsonItem
{
    private readonly ReadOnlySpan<byte> _json;
    private JsonReader _reader;

    /// <param name="json">The array; nothing is found in any other value.</param>
    public JsonItem(ReadOnlySpan<byte> json)
    {
        _json = json;
        _reader = new JsonReader(json);
        IsArray = _reader.TryTake((byte)'[');
    }

    public bool IsArray { get; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        _reader.SkipBlanks();
        if (!IsArray || _reader.TryTake((byte)']'))
        {
            return false;
        }

        _reader.TryTake((byte)',');
        _reader.SkipBlanks();
        int value = _reader.Position;
        _reader.TrySkipValue(depth: 0);
        Value = _json[value.._reader.Position];
        return true;
    }

    public static bool IsNumber(ReadOnlySpan<byte> json) => !json.IsEmpty && json[0] is (byte)'-' or (>= (byte)'0' and <= (byte)'9');

    /// <summary>Whether it is an array of so many numbers or more.</summary>
    public static bool AreNumbers(ReadOnlySpan<byte> json, int least, int most)
    {
        JsonItem item = new(json);
        int count = 0;
        while (item.MoveNext())
        {
            if (!IsNumber(item.Value))
            {
                return false;
            }

            count++;
        }

        return count >= least && count <= most;
    }

    /// <summary>Whether two arrays have the same numbers: 1 is 1.0.</summary>
    public static bool AreSameNumbers(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        JsonItem first = new(left);
        JsonItem second = new(right);
        while (first.MoveNext())
        {
            if (!second.MoveNext() || NumberOf(first.Value) != NumberOf(second.Value))
            {
                return false;
            }
        }

        return !second.MoveNext();
    }

    private static double NumberOf(ReadOnlySpan<byte> json) => double.Parse(json, CultureInfo.InvariantCulture);
}
