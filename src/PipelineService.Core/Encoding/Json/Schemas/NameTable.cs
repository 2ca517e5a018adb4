using PipelineService.Core.Parsing;

namespace PipelineService.Core.Encoding.Json.Schemas;

/// <summary>Gives names slots, and finds the slot of a name by its bytes: an open-addressed table at most half full.</summary>
internal sealed class NameTable
{
    public const int Unknown = -1;

    private readonly byte[][] _names;

    // Entries are slot + 1, and 0 is a free one.
    private readonly int[] _table;

    /// <param name="names">Each once; their indexes are the slots.</param>
    public NameTable(IEnumerable<string> names)
    {
        _names = [.. names.Select(System.Text.Encoding.UTF8.GetBytes)];
        _table = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_names.Length * 2 + 1)];
        for (int slot = 0; slot < _names.Length; slot++)
        {
            _table[Find(_names[slot])] = slot + 1;
        }
    }

    public static NameTable Empty { get; } = new([]);

    public int Count => _names.Length;

    public int SlotOf(ReadOnlySpan<byte> name) => _table[Find(name)] - 1;

    /// <summary>The entry that has the name, or the free one where it would go.</summary>
    private int Find(ReadOnlySpan<byte> name)
    {
        int mask = _table.Length - 1;
        int entry = (int)TextWord.HashOf(name) & mask;
        while (_table[entry] is int found and not 0 && !name.SequenceEqual(_names[found - 1]))
        {
            entry = (entry + 1) & mask;
        }

        return entry;
    }
}
