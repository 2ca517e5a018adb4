using System.Collections.Immutable;
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

    // Open addressing, at most half full; entries are slot + 1, and 0 is a free one.
    private readonly int[] _table;

    public JsonFieldNames(TableSchema schema)
    {
        string[] names = [.. schema.Fields.Select(field => field.NameInData)];
        string[] distinct = [.. names.Distinct(StringComparer.Ordinal)];
        SlotOfField = [.. names.Select(name => Array.IndexOf(distinct, name))];
        _names = [.. distinct.Select(System.Text.Encoding.UTF8.GetBytes)];
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

    /// <summary>For each field of the schema, the slot of the name that it reads.</summary>
    public ImmutableArray<int> SlotOfField { get; }

    /// <summary>The slot of a name, or <see cref="Unknown"/>.</summary>
    /// <param name="name">The name, escapes removed.</param>
    /// <param name="guess">A slot to try first: the one after the last match, since records mostly keep one
    /// order.</param>
    public int Find(ReadOnlySpan<byte> name, int guess)
    {
        if ((uint)guess < (uint)_names.Length && name.SequenceEqual(_names[guess]))
        {
            return guess;
        }

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

    private int HomeOf(ReadOnlySpan<byte> name)
    {
        HashCode hash = default;
        hash.AddBytes(name);
        return hash.ToHashCode() & (_table.Length - 1);
    }
}
