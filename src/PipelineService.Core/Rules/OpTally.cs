using System.Runtime.InteropServices;

namespace PipelineService.Core.Rules;

/// <summary>Sums up what the ops of one dataset version did. Not safe for use by several threads.</summary>
public sealed class OpTally
{
    private readonly Dictionary<int, OpCount> _counts = [];

    /// <summary>In the order of the ops; those that did nothing are left out.</summary>
    public IReadOnlyList<OpCount> Counts => [.. _counts.Values.OrderBy(count => count.Index)];

    public void Add(IEnumerable<OpCount> counts)
    {
        foreach (OpCount count in counts)
        {
            ref OpCount sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, count.Index, out bool exists);
            sum = exists ? sum with { Records = sum.Records + count.Records } : count;
        }
    }
}
