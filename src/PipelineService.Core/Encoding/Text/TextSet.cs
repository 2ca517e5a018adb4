using System.Collections.Immutable;
using PipelineService.Core.Parsing;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// An immutable set of UTF-8 texts that is asked with spans: an open-addressed table at most half full. A probe's cost is
/// bounded by the texts of the definition, whatever the data holds.
/// </summary>
internal sealed class TextSet
{
    private readonly byte[]?[] _slots;
    private readonly int _lengthMax;

    public TextSet(ImmutableArray<string> texts)
    {
        _slots = new byte[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)texts.Length * 2)][];
        foreach (string text in texts)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
            _lengthMax = Math.Max(_lengthMax, bytes.Length);
            _slots[Find(bytes)] = bytes;
        }
    }

    public bool Contains(ReadOnlySpan<byte> text) => text.Length <= _lengthMax && _slots[Find(text)] is not null;

    /// <summary>The slot that holds the text, or the empty one where it would go.</summary>
    private int Find(ReadOnlySpan<byte> text)
    {
        int mask = _slots.Length - 1;
        int slot = (int)TextWord.HashOf(text) & mask;
        while (_slots[slot] is byte[] held && !text.SequenceEqual(held))
        {
            slot = (slot + 1) & mask;
        }

        return slot;
    }
}
