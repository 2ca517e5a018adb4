using PipelineService.Core.Encoding;

namespace PipelineService.Core.Transforms;

/// <summary>
/// Finds a record's property among the names that the schema reads, without making a string of it. Names that several
/// columns read are one slot.
/// </summary>
internal sealed class JsonFieldNames
{
    public const int Unknown = -1;

    private readonly byte[][] _names;
    private readonly int[] _slotOfColumn;

    // Open addressing, at most half full; entries are slot + 1, and 0 is a free one.
    private readonly int[] _table;

    public JsonFieldNames(RowPlan plan)
    {
        string[] names = [.. plan.Columns.Select(c => c.Field.NameInData)];
        string[] distinct = [.. names.Distinct(StringComparer.Ordinal)];
        _slotOfColumn = [.. names.Select(name => Array.IndexOf(distinct, name))];
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

    /// <summary>For each column of the plan, the slot of the name that it reads.</summary>
    public ReadOnlySpan<int> SlotOfColumn => _slotOfColumn;

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
