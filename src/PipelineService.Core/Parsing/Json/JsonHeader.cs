using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Rules;
using Text = System.Text.Encoding;
using Utf8 = System.Text.Unicode.Utf8;

namespace PipelineService.Core.Parsing.Json;

/// <summary>The array that names the items of those that follow it.</summary>
public static class JsonHeader
{
    /// <summary>Reads the names, escapes removed and nothing else changed.</summary>
    /// <param name="bytes">The first line that is not blank, as <see cref="LineScanner"/> found it, with the blank ones before it.</param>
    /// <param name="error">Why there are no names, for the user to read; else null.</param>
    /// <returns>The names in the order of the data; empty with an error.</returns>
    public static ImmutableArray<string> Read(ReadOnlySpan<byte> bytes, out string? error)
    {
        RecordValue[] items = ArrayPool<RecordValue>.Shared.Rent(ParsingLimits.FieldsMax);
        try
        {
            return Read(bytes, items.AsSpan(0, ParsingLimits.FieldsMax), out error);
        }
        finally
        {
            ArrayPool<RecordValue>.Shared.Return(items);
        }
    }

    private static ImmutableArray<string> Read(ReadOnlySpan<byte> bytes, Span<RecordValue> items, out string? error)
    {
        int count = 0;
        error = JsonGrammar.EndOfBlanks(bytes, 0) == bytes.Length ? "The upload is empty: there is no first line with names."
            : !Utf8.IsValid(bytes) ? "The first line is not valid UTF-8."
            : JsonArrayRecordReader.ReadItems(bytes, start: 0, items, out count) != RecordErrorCode.None ? Malformed(bytes)
            : count > items.Length
                ? string.Create(CultureInfo.InvariantCulture, $"The first line has {count} names; at most {items.Length} are read.")
            : null;
        ImmutableArray<string>.Builder names = ImmutableArray.CreateBuilder<string>(count);
        for (int item = 0; error is null && item < count; item++)
        {
            names.Add(NameIn(bytes, items[item], item, out error));
        }

        return error is null ? names.DrainToImmutable() : [];
    }

    private static string NameIn(ReadOnlySpan<byte> bytes, RecordValue item, int index, out string? error)
    {
        ReadOnlySpan<byte> written = bytes.Slice(item.Start, item.Length);
        byte[] text = new byte[written.Length];
        int length = 0;
        error = item.Kind is ValueKind.Array or ValueKind.Object
                ? "The first line has more than values in it: each record needs a line of its own (jq -c '.[]' makes that of an array)."
            : item.Kind != ValueKind.Text ? string.Create(
                CultureInfo.InvariantCulture,
                $"Item {index} of the first line is no text, and must be a name: for data without names set dialect.itemKeys to them, or "
                + $"dialect.header to false.")
            : !JsonEscape.TryUnescape(written, text, out length)
                ? string.Create(CultureInfo.InvariantCulture, $"Item {index} of the first line is half of a character.")
            : text.AsSpan(0, length).Contains((byte)0)
                ? string.Create(CultureInfo.InvariantCulture, $"Item {index} of the first line holds the NUL character (U+0000).")
            : null;
        return Text.UTF8.GetString(text.AsSpan(0, length));
    }

    private static string Malformed(ReadOnlySpan<byte> line) => JsonLineShapes.OfArray(line) switch
    {
        JsonLineShape.ObjectForArray =>
            "The first line is an object, and by dialect.itemType records are arrays: set it to \"object\", or send arrays, the first with "
            + "the names (jq -c '[.id, .name]' makes that of objects).",
        JsonLineShape.ArrayPart =>
            "The first line has only a part of an array: records are one complete array a line, the first with the names (jq -c '.[]' makes "
            + "that of an array of arrays).",
        JsonLineShape.OtherForArray =>
            "The first line does not begin with a bracket: records are one complete array a line, the first with the names. Send CSV as "
            + "text/csv.",
        _ => "The first line is not a well-formed JSON array of names.",
    };
}
