using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A step fails at each of the fault points, once or every time, in a service that goes on. Every upload that is answered
/// ends exactly as it must.
/// </summary>
public sealed class FailureAtEveryStepTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    /// <summary>Said by hand, as for the deaths at every step.</summary>
    private const string Variable = "PIPELINE_EVERY_STEP_TIMES";

    private const int RoundsMax = 40;
    private const int Records = 400;

    public static readonly TheoryData<string> OneTime = OneForm.Of("1", "3");

    private static readonly string[] Points = [.. Steps.All.Select(point => point.ToString())];

    /// <summary>All points are armed to fail once, so recovering from one failure runs into the next.</summary>
    [Theory]
    [MemberData(nameof(OneTime))]
    public async Task Fails_once_at_every_step_and_loses_nothing(string time)
    {
        await using Field field = new(database, $"throw-{time}");
        await field.StartAsync(
            string.Join(',', Points.Select(point => $"{point}:throw:{(IsRare(point) ? "1" : time)}")), ("Jobs__LeaseTime", "00:00:01"));
        await field.SendUntilAsync(Records, RoundsMax, service => !Points.Except(service.FaultsReached).Any());
        Assert.Empty(Points.Except(field.Service.FaultsReached));
        await field.EndWellAsync();
    }

    /// <summary>The spool is looked through at the start, and then only when something was missed.</summary>
    private static bool IsRare(string point) => point is nameof(FaultPoint.Recovering) or nameof(FaultPoint.Recovered);

    /// <summary>
    /// A step that fails every time holds uploads or jobs up, and ends none: each start, armed with the next point, finds what the one
    /// before has left. Every thirty-sixth point, by the seed; all of them by hand.
    /// </summary>
    [Fact]
    public async Task Fails_for_good_at_every_step_and_loses_nothing()
    {
        bool isByHand = Environment.GetEnvironmentVariable(Variable) is not null;
        int seed = Random.Shared.Next(36);
        TestContext.Current.SendDiagnosticMessage("fails for good at every point{0}", isByHand ? "" : $" whose number modulo 36 is {seed}");
        await using Field field = new(database, "for-good");
        foreach (string point in Points.Where((_, number) => isByHand || number % 36 == seed))
        {
            await field.StartAsync($"{point}:throw", ("Jobs__LeaseTime", "00:00:01"));
            await field.SendUntilAsync(Records, RoundsMax, service => service.FaultsReached.Skip(1).Any());
            Assert.Contains(point, field.Service.FaultsReached);
        }

        await field.StartAsync("");
        await field.EndWellAsync();
    }
}
