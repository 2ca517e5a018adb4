using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace PipelineService.Tests.Infrastructure;

/// <summary>Classes that take half a minute and more come first, so that none of them is left alone at the end of the run.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(DeathAtEveryStepTests), nameof(FailureAtEveryStepTests), nameof(TortureTests), nameof(FrozenWorkerTests), nameof(PowerCutTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(PlaceOf)];

    /// <summary>A class is a collection of its own, and its name is in that of the collection.</summary>
    private static int PlaceOf<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        int place = Array.FindIndex(
            Longest, name => collection.TestCollectionDisplayName.Contains($".{name}", StringComparison.Ordinal));
        return place < 0 ? Longest.Length : place;
    }
}
