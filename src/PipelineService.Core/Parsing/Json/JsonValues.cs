using System.Runtime.CompilerServices;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>Finds single values of a record without looking at them.</summary>
internal static class JsonValues
{
    /// <summary>What begins with a byte, unless it is text or no value at all.</summary>
    public static ValueKind KindOf(byte first) => first switch
    {
        (byte)'{' => ValueKind.Object,
        (byte)'[' => ValueKind.Array,
        (byte)'t' => ValueKind.True,
        (byte)'f' => ValueKind.False,
        (byte)'n' => ValueKind.Null,
        _ => ValueKind.Number,
    };

    /// <param name="json">The text of a record.</param>
    /// <param name="start">Where a value begins that stands in the record itself.</param>
    /// <param name="value">The value; it counts for nothing when it is malformed.</param>
    /// <returns>Where the value ends, or <see cref="JsonGrammar.Malformed"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ReadOnlySpan<byte> json, int start, out RecordValue value)
    {
        byte first = JsonGrammar.ByteAt(json, start);
        if (first == '"')
        {
            int text = start + 1;
            int quote = JsonGrammar.EndOfText(json, text, out bool isEscaped);
            value = new RecordValue(
                text, quote - text, ValueKind.Text, isEscaped ? ValueSpelling.JsonEscaped : ValueSpelling.Plain);
            return quote == JsonGrammar.Malformed ? quote : quote + 1;
        }

        int end = JsonGrammar.EndOfValue(json, start, depth: 1);
        value = new RecordValue(start, end - start, KindOf(first), ValueSpelling.Plain);
        return end;
    }
}
