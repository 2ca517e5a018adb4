using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Sources;

namespace PipelineService.Tests.Sources;

/// <summary>What is kept of what lies at a place, and when it has settled.</summary>
public sealed class ObjectLookTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_objects_are_counted_and_a_thousand_kept()
    {
        const int Count = 100_000;
        using CrowdedPlace place = new(Count);
        int pages = 0;
        HashSet<(string, string)> known = [("7", "v"), ("8", "another")];

        ObjectLook look = await ObjectLook.AtAsync(
            place,
            names =>
            {
                pages++;
                Assert.InRange(names.Length, 0, ObjectLook.PageMax);
                return Task.FromResult(known);
            },
            Token);

        IReadOnlyList<FoundObject> kept = look.InOrder();
        Assert.True(look.IsMore);
        Assert.Equal((Count / ObjectLook.PageMax, ObjectLook.TakenMax), (pages, kept.Count));
        Assert.Equal(new SourceLag(Count - 2, 2 * (Count - 2), Noon, Skipped: 1), look.Lag);

        // The oldest, which were not the first: and of them all but the one that was taken in this state.
        Assert.Equal(
            Enumerable.Range(0, ObjectLook.TakenMax + 1).Where(age => age != 7).Select(age => age.ToString(CultureInfo.InvariantCulture)),
            kept.Select(found => found.Name));
    }

    [Fact]
    public void An_object_has_settled_when_it_was_the_same_for_long_enough()
    {
        FakeTimeProvider time = new();
        SettledObjects settled = new(time);
        FoundObject file = new("a.csv", "1", 1, Noon);

        Assert.False(Look(file));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(Look(file));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(Look(file));
        Assert.False(Look(file with { Version = "2" })); // it has grown
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(Look(file with { Version = "2" }));

        settled.Begin();
        settled.Begin(); // a look without it: it was gone
        Assert.False(settled.IsSettled(file with { Version = "2" }, TimeSpan.FromSeconds(2)));
        Assert.True(settled.IsSettled(file with { Version = "3" }, TimeSpan.Zero));

        bool Look(FoundObject found)
        {
            settled.Begin();
            return settled.IsSettled(found, TimeSpan.FromSeconds(2));
        }
    }

    /// <summary>The youngest is listed first; one has a name that cannot be told.</summary>
    private sealed class CrowdedPlace(int count) : IObjectPlace
    {
        public TimeSpan Settle => TimeSpan.Zero;

        public TimeSpan Interval => TimeSpan.FromSeconds(1);

        public async IAsyncEnumerable<FoundObject> ListAsync(
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            for (int age = count - 1; age >= 0; age--)
            {
                yield return new FoundObject(age.ToString(CultureInfo.InvariantCulture), "v", 2, Noon.AddSeconds(age), IsNameable: age != count / 2);
            }
        }

        public ValueTask<ObjectStream?> OpenAsync(FoundObject found, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask PutAwayAsync(TakenObject taken, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
