using System.Globalization;
using PipelineService.Hosting;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies, or a step fails, at each of the fault points. Whatever happens, every upload that is answered ends
/// exactly as it must. Each round sends an upload in either commit policy, and one that fails.
/// </summary>
public sealed class EveryStepTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>How often each chain of deaths is gone through, each time dying a time later at every point.</summary>
    private const string Variable = "PIPELINE_EVERY_STEP_TIMES";

    private const int RoundsMax = 10;
    private const int Records = 400;

    private static readonly string[] Points = Enum.GetNames<FaultPoint>();

    /// <summary>
    /// Each process is armed with the next point, so it recovers from the death of the one before and dies itself: during
    /// that recovery where its point belongs to it, else during the next upload.
    /// </summary>
    [Fact]
    public async Task Dies_at_every_step_and_loses_nothing()
    {
        int times = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "1", CultureInfo.InvariantCulture);
        await using Field field = new(database, "kill");
        for (int time = 1; time <= times; time++)
        {
            foreach (string point in Points)
            {
                field.Extend();
                await field.StartAsync($"{point}:kill:{time}");
                await field.SendUntilAsync(Records, RoundsMax, service => service.HasExited);
                Assert.True(field.Service.HasExited, $"{point} was not reached:\n{field.Service.Log}");
                Assert.Contains(point, field.Service.FaultsReached);
            }
        }

        await field.StartAsync("");
        await field.EndWellAsync();
    }

    /// <summary>All points are armed to fail once, so recovering from one failure runs into the next.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Fails_once_at_every_step_and_loses_nothing(int time)
    {
        await using Field field = new(database, $"throw-{time}");
        await field.StartAsync(string.Join(',', Points.Select(point => $"{point}:throw:{time}")));
        await field.SendUntilAsync(Records, RoundsMax, service => !Points.Except(service.FaultsReached).Any());
        Assert.Empty(Points.Except(field.Service.FaultsReached));
        await field.EndWellAsync();
    }

    /// <summary>A step that fails every time holds jobs up, and does not end them: the next start finds everything.</summary>
    [Theory]
    [InlineData(FaultPoint.CopySent)]
    [InlineData(FaultPoint.Committing)]
    [InlineData(FaultPoint.UploadUnlinking)]
    public async Task Fails_for_good_at_a_step_and_loses_nothing(FaultPoint point)
    {
        await using Field field = new(database, $"for-good-{point}");
        await field.StartAsync($"{point}:throw");
        var answered = Task.WhenAll(field.SendRound(Records));
        await field.SendUntilAsync(Records, roundsMax: 1, service => service.FaultsReached.Count() > 3);
        await answered;
        await field.StartAsync("");
        await field.EndWellAsync();
    }
}
