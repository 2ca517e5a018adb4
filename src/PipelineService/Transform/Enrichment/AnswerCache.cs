using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Lookups;
using PipelineService.Datasets.Enrich;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// What one service has answered, by what it was asked: outputs for long, that it knows nothing for short, errors and faults never. So many
/// bytes at most; what was not used for longest goes first. Not safe for several threads at once.
/// </summary>
internal sealed class AnswerCache(ServiceOptions options, TimeProvider time)
{
    /// <summary>About what an entry takes beside its bytes: two arrays, a node, and its place among the others.</summary>
    private const int EntryBytes = 200;

    private readonly Dictionary<byte[], LinkedListNode<Entry>> _entries = new(ByteKeys.Comparer);
    private readonly LinkedList<Entry> _byUse = [];

    /// <summary>Bytes that it takes.</summary>
    public long Bytes { get; private set; }

    /// <summary>Answers in it.</summary>
    public int Count => _entries.Count;

    /// <summary>The answer to a question, good or past its time.</summary>
    /// <param name="isFresh">Whether it is good; else it serves only while there is no other.</param>
    public bool TryGet(byte[] input, out ServiceAnswer answer, out bool isFresh)
    {
        answer = default;
        isFresh = false;
        if (!_entries.TryGetValue(input, out LinkedListNode<Entry>? node))
        {
            return false;
        }

        TimeSpan age = time.GetElapsedTime(node.Value.Since);
        TimeSpan good = node.Value.Output is null ? options.CacheMissingFor : options.CacheFor;
        if (age >= good + options.StaleFor)
        {
            Remove(node);
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddLast(node);
        isFresh = age < good;
        answer = node.Value.Output is { } output ? new ServiceAnswer(default, output) : ServiceAnswer.Missing;
        return true;
    }

    /// <summary>Keeps an answer, unless it is an error or none.</summary>
    public void Keep(byte[] input, in ServiceAnswer answer)
    {
        if (_entries.TryGetValue(input, out LinkedListNode<Entry>? known) && answer.IsAnswer)
        {
            Remove(known); // it has changed, even if into an error
        }

        bool isKept = answer.Output is not null || answer == ServiceAnswer.Missing;
        Entry entry = new(input, answer.Output, time.GetTimestamp());
        if (!isKept || entry.Bytes > options.CacheBytes || (answer.Output is null && options.CacheMissingFor == TimeSpan.Zero))
        {
            return;
        }

        while (Bytes + entry.Bytes > options.CacheBytes)
        {
            Remove(_byUse.First!);
        }

        _entries.Add(input, _byUse.AddLast(entry));
        Bytes += entry.Bytes;
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Input);
        _byUse.Remove(node);
        Bytes -= node.Value.Bytes;
    }

    private sealed record Entry(byte[] Input, byte[]? Output, long Since)
    {
        public long Bytes => EntryBytes + Input.Length + (Output?.Length ?? 0);
    }
}

/// <summary>Compares arrays by their bytes.</summary>
internal sealed class ByteKeys : IEqualityComparer<byte[]>
{
    public static readonly ByteKeys Comparer = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj)
    {
        HashCode hash = default; // seeded for the process: nobody can send keys that all fall into one place
        hash.AddBytes(obj);
        return hash.ToHashCode();
    }
}
