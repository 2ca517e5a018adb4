using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Datasets;

/// <summary>A map that forgets what was not used for longest when it is full. Safe for use by many threads.</summary>
internal sealed class BoundedCache<TKey, TValue>(int countMax)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _byUse = new();

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            if (!_nodes.TryGetValue(key, out LinkedListNode<(TKey Key, TValue Value)>? node))
            {
                value = default;
                return false;
            }

            _byUse.Remove(node);
            _byUse.AddLast(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>Sets the value, or removes it when <paramref name="replace"/> gives null for the one that is there.</summary>
    public void Update(TKey key, Func<TValue?, TValue?> replace)
    {
        lock (_lock)
        {
            TValue? known = default;
            if (_nodes.Remove(key, out LinkedListNode<(TKey Key, TValue Value)>? node))
            {
                _byUse.Remove(node);
                known = node.Value.Value;
            }

            if (replace(known) is TValue value)
            {
                _nodes.Add(key, _byUse.AddLast((key, value)));
            }

            if (_nodes.Count > countMax)
            {
                _nodes.Remove(_byUse.First!.Value.Key);
                _byUse.RemoveFirst();
            }
        }
    }
}
