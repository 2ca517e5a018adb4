using System.Collections.Immutable;
using PipelineService.Core.Parsing;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// An immutable table from UTF-8 texts to UTF-8 texts that is asked with spans: open addressing, at most half full, as in
/// <see cref="Encoding.Text.TextSet"/>.
/// </summary>
internal sealed class TextTable
{
    private readonly Entry?[] _slots;

    public TextTable(ImmutableArray<KeyValuePair<string, string>> pairs)
    {
        _slots = new Entry?[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(pairs.Length * 2) + 1)];
        foreach ((string key, string value) in pairs)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(key);
            _slots[SlotOf(bytes)] = new(bytes, System.Text.Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>What stands beside a text; null when it is not in the table.</summary>
    public byte[]? Find(ReadOnlySpan<byte> key) => _slots[SlotOf(key)]?.Value;

    /// <summary>The slot that holds the text, or the empty one where it would go.</summary>
    private int SlotOf(ReadOnlySpan<byte> key)
    {
        int mask = _slots.Length - 1;
        int slot = (int)TextWord.HashOf(key) & mask;
        while (_slots[slot] is { } entry && !key.SequenceEqual(entry.Key))
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private sealed record Entry(byte[] Key, byte[] Value);
}
