namespace PipelineService.Hosting;

/// <summary>
/// Calls that cost as much for many as for one: what comes while a call is under way waits for it and goes together in the next.
/// So nobody waits for company, and the busier it is the more share a call.
/// </summary>
/// <param name="call">Does the work for some items of one key; gives a result for each, in their order.</param>
/// <param name="itemsMax">Items in one call at most.</param>
internal sealed class SharedCalls<TKey, TItem, TResult>(
    Func<TKey, IReadOnlyList<TItem>, Task<IReadOnlyList<TResult>>> call, int itemsMax)
    where TKey : notnull
{
    private readonly Lock _lock = new();

    /// <summary>What waits, by key. A key is there as long as a call for it is under way.</summary>
    private readonly Dictionary<TKey, Queue<Waiting>> _waiting = [];

    /// <summary>Whether a call for a key is under way, so that what comes now goes along in the next.</summary>
    public bool IsCalling(TKey key)
    {
        lock (_lock)
        {
            return _waiting.ContainsKey(key);
        }
    }

    /// <summary>Takes an item along in the next call for the key.</summary>
    /// <exception cref="Exception">What the call threw: then all items of it get that.</exception>
    public Task<TResult> AddAsync(TKey key, TItem item)
    {
        Waiting waiting = new(item);
        lock (_lock)
        {
            if (_waiting.TryGetValue(key, out Queue<Waiting>? others))
            {
                others.Enqueue(waiting);
                return waiting.Task;
            }

            _waiting[key] = new Queue<Waiting>([waiting]);
        }

        // In nobody's context: a call works for all who share it, and outlives the one who began.
        using (ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => RunAsync(key));
        }

        return waiting.Task;
    }

    private async Task RunAsync(TKey key)
    {
        while (Take(key) is { Length: > 0 } together)
        {
            await CallAsync(key, together);
        }
    }

    private Waiting[] Take(TKey key)
    {
        lock (_lock)
        {
            Queue<Waiting> waiting = _waiting[key];
            if (waiting.Count == 0)
            {
                _waiting.Remove(key);
                return [];
            }

            return [.. Enumerable.Range(0, Math.Min(itemsMax, waiting.Count)).Select(_ => waiting.Dequeue())];
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "It is told to all who wait for it.")]
    private async Task CallAsync(TKey key, Waiting[] together)
    {
        try
        {
            IReadOnlyList<TResult> results = await call(key, [.. together.Select(waiting => waiting.Item)]);
            for (int i = 0; i < together.Length; i++)
            {
                together[i].SetResult(results[i]);
            }
        }
        catch (Exception e)
        {
            foreach (Waiting waiting in together)
            {
                waiting.TrySetException(e);
            }
        }
    }

    private sealed class Waiting(TItem item) : TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TItem Item { get; } = item;
    }
}
