namespace PipelineService.Tests.Reliability;

/// <summary>
/// Tests that start many processes. Of one that has several forms, one form in each run, by chance: its name says which. Of those that let
/// a service die again and again, each in a way of its own, some in each run: those whose turn it is not say so. All forms of all of them
/// with <c>PIPELINE_EVERY_FORM=1</c>, as <c>.ci/run</c> has them.
/// </summary>
internal static class OneForm
{
    private const string Variable = "PIPELINE_EVERY_FORM";
    private const int TurnsAtOnce = 4;

    /// <summary>The classes that take turns.</summary>
    private static readonly string[] InTurn =
    [
        nameof(ConversionDeathTests), nameof(DeathInAnArrayTests), nameof(EnrichmentDeathTests), nameof(FrozenWorkerTests),
        nameof(PinnedLookupTests), nameof(PoisonedJobTests), nameof(QualityDeathTests), nameof(Sources.SourceDeathTests), nameof(ViewDeathTests),
    ];

    private static readonly string[] OfThisRun = Chosen();

    private static bool IsEvery => Environment.GetEnvironmentVariable(Variable) is not null;

    public static TheoryData<string> Of(params string[] forms) =>
        [.. IsEvery ? forms : [forms[Random.Shared.Next(forms.Length)]]];

    /// <param name="test">The class of the test that calls.</param>
    public static void SkipUnlessItsTurn(string test)
    {
        Assert.Contains(test, InTurn);
        Assert.SkipUnless(
            IsEvery || OfThisRun.Contains(test),
            $"In this run it is the turn of {string.Join(", ", OfThisRun)}; {Variable}=1 runs all.");
    }

    private static string[] Chosen()
    {
        string[] all = [.. InTurn];
        Random.Shared.Shuffle(all);
        return all[..TurnsAtOnce];
    }
}
