using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>A field of delimited text that goes, by its name in the header, to the object of what the schema does not declare.</summary>
/// <param name="Field">0-based index of the record's field.</param>
/// <param name="Name">The name as JSON has it, with the colon behind it.</param>
public sealed record RestCell(int Field, ImmutableArray<byte> Name)
{
    private const int QuoteBytes = 2;

    /// <summary>The fields that the schema does not declare, in the order of the data.</summary>
    /// <param name="names">The names of the header.</param>
    /// <param name="declared">The names that the schema reads.</param>
    public static ImmutableArray<RestCell> Of(ImmutableArray<string> names, IEnumerable<string> declared)
    {
        HashSet<string> known = new(declared, StringComparer.Ordinal);
        return [.. names.Index().Where(name => !known.Contains(name.Item)).Select(name => new RestCell(name.Index, Write(name.Item)))];
    }

    /// <summary>Writes the member of a value, which JSON has as a string.</summary>
    /// <param name="text">The value.</param>
    /// <param name="values">Takes the member.</param>
    /// <returns>False when a record must not become so long.</returns>
    internal bool TryKeep(ReadOnlySpan<byte> text, RecordValues values)
    {
        bool isPlain = !text.ContainsAny(JsonEscape.MustEscape);
        long bytes = Name.Length + QuoteBytes + (isPlain ? text.Length : (long)text.Length * JsonEscape.UnitBytes);
        if (!values.TryMakeRestRoom(bytes, out Span<byte> room))
        {
            return false;
        }

        Name.CopyTo(room);
        int length = Name.Length;
        room[length++] = (byte)'"';
        if (isPlain)
        {
            text.CopyTo(room[length..]);
            length += text.Length;
        }
        else
        {
            length += JsonEscape.Escape(text, room[length..]);
        }

        room[length++] = (byte)'"';
        values.KeepRest(length);
        return true;
    }

    /// <summary>Writes the member of no value, where the dialect has a text for that.</summary>
    /// <returns>False when a record must not become so long.</returns>
    internal bool TryKeepNull(RecordValues values) => TryKeepJson("null"u8, values);

    /// <summary>Writes the member of a value that is JSON already.</summary>
    /// <param name="json">The value.</param>
    /// <param name="values">Takes the member.</param>
    /// <returns>False when a record must not become so long.</returns>
    internal bool TryKeepJson(ReadOnlySpan<byte> json, RecordValues values)
    {
        if (!values.TryMakeRestRoom(Name.Length + json.Length, out Span<byte> room))
        {
            return false;
        }

        Name.CopyTo(room);
        json.CopyTo(room[Name.Length..]);
        values.KeepRest(Name.Length + json.Length);
        return true;
    }

    private static ImmutableArray<byte> Write(string name) =>
        [(byte)'"', .. JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, .. "\":"u8];
}
