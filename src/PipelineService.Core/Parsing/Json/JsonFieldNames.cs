using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds a record's property among the names that the schema reads, without making a string of it. Names that several
/// fields read are one slot.
/// </summary>
internal sealed class JsonFieldNames
{
    public const int Unknown = -1;

    private readonly byte[][] _names;
    private readonly byte[][] _written;

    // Open addressing, at most half full; entries are slot + 1, and 0 is a free one.
    private readonly int[] _table;

    /// <param name="schema">What is declared of the fields.</param>
    /// <param name="keys">The only names that are read; none where all of the schema's are.</param>
    public JsonFieldNames(TableSchema schema, ImmutableArray<string> keys = default)
    {
        AreDeclared = !keys.IsDefaultOrEmpty;
        IEnumerable<string> names = schema.FieldsInData.Where(field => field.Path is not { IsOfDocument: true }).Select(NameOf);
        string[] distinct = [.. names.Where(name => !AreDeclared || keys.Contains(name)).Distinct(StringComparer.Ordinal)];
        SlotOfField =
        [
            .. schema.Fields.Select(f => schema.IsRest(f) ? distinct.Length
                : f.Path is { IsOfDocument: true } ? Unknown
                : Array.IndexOf(distinct, NameOf(f))),
        ];
        _names = [.. distinct.Select(System.Text.Encoding.UTF8.GetBytes)];
        _written = [.. _names.Select(Write)];
        _table = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_names.Length * 2 + 1)];
        for (int slot = 0; slot < _names.Length; slot++)
        {
            int entry = HomeOf(_names[slot]);
            while (_table[entry] != 0)
            {
                entry = (entry + 1) & (_table.Length - 1);
            }

            _table[entry] = slot + 1;
        }
    }

    /// <summary>How many names there are.</summary>
    public int Count => _names.Length;

    /// <summary>Whether it is declared which names are read: other names are passed over then.</summary>
    public bool AreDeclared { get; }

    /// <summary>
    /// For each field of the schema, the slot of the name that it reads, or that leads to it; −1 when that is not read. That of the one
    /// that takes the rest is behind all of them.
    /// </summary>
    public ImmutableArray<int> SlotOfField { get; }

    /// <summary>
    /// Where a name ends that stands at a position as nearly every program writes it, with quotation marks around it and the
    /// colon right behind: one comparison reads all of it. <see cref="JsonGrammar.Malformed"/> when something else stands there.
    /// </summary>
    /// <param name="slot">Of the name, or <see cref="Unknown"/>.</param>
    /// <param name="json">The text.</param>
    /// <param name="position">Where a name begins.</param>
    public int EndOf(int slot, ReadOnlySpan<byte> json, int position)
    {
        if ((uint)slot >= (uint)_written.Length)
        {
            return JsonGrammar.Malformed;
        }

        ReadOnlySpan<byte> written = _written[slot];
        return json[position..].StartsWith(written) ? position + written.Length : JsonGrammar.Malformed;
    }

    /// <summary>The slot of a name, or <see cref="Unknown"/>.</summary>
    /// <param name="name">The name, escapes removed.</param>
    public int Find(ReadOnlySpan<byte> name)
    {
        int entry = HomeOf(name);
        while (_table[entry] is int found and not 0)
        {
            if (name.SequenceEqual(_names[found - 1]))
            {
                return found - 1;
            }

            entry = (entry + 1) & (_table.Length - 1);
        }

        return Unknown;
    }

    /// <summary>The name that leads to a field's value, or under which it stands.</summary>
    private static string NameOf(FieldDefinition field) => field.Path?.Names[0] ?? field.NameInData;

    /// <summary>A name as JSON has it; what must be escaped in it is.</summary>
    private static byte[] Write(byte[] name) =>
        [(byte)'"', .. JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).EncodedUtf8Bytes, .. "\":"u8];

    private int HomeOf(ReadOnlySpan<byte> name) => (int)TextWord.HashOf(name) & (_table.Length - 1);
}
