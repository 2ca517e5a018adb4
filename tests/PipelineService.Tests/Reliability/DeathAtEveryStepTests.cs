using System.Globalization;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies at each of the fault points. Whatever happens, every upload that is answered ends exactly as it must.
/// Each round sends an upload in either commit policy, one that fails and one that breaks off.
/// </summary>
public sealed class DeathAtEveryStepTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    /// <summary>How often each chain of deaths is gone through, each time dying a time later at every point.</summary>
    private const string Variable = "PIPELINE_EVERY_STEP_TIMES";

    private const int RoundsMax = 10;
    private const int Records = 400;
    private const int PointsInARow = 6;

    /// <summary>What a start comes to by itself while the death before it has left work.</summary>
    private static readonly FaultPoint[] RecoveryPoints =
    [
        FaultPoint.Recovering, FaultPoint.Recovered, FaultPoint.JobClaiming, FaultPoint.JobClaimed, FaultPoint.ChunkTransforming,
        FaultPoint.CopySent, FaultPoint.CheckpointWritten, FaultPoint.Committing, FaultPoint.Committed, FaultPoint.UploadUnlinking,
    ];

    /// <summary>
    /// Each process recovers from the death of the one before. Every third one dies again at a point of that recovery; the
    /// others die at the next point, which they come to while they recover or by the uploads that follow. Every thirty-sixth point, by the seed;
    /// all of them by hand.
    /// </summary>
    [Fact]
    public async Task Dies_at_every_step_and_again_while_it_recovers_and_loses_nothing()
    {
        string? byHand = Environment.GetEnvironmentVariable(Variable);
        int times = int.Parse(byHand ?? "1", CultureInfo.InvariantCulture);
        int seed = Random.Shared.Next(36);
        TestContext.Current.SendDiagnosticMessage("dies at every point{0}", byHand is not null ? "" : $" whose place modulo 36 is {seed}");
        FaultPoint[] points = [.. Steps.All.Where((_, place) => byHand is not null || place % 36 == seed)];
        await using Field field = new(database, "kill");
        for (int time = 1; time <= times; time++)
        {
            foreach ((int place, FaultPoint point) in points.Index())
            {
                // A recovery comes once in the life of a process, unless something happens to the spool.
                await DieAtAsync(field, point, point is FaultPoint.Recovering or FaultPoint.Recovered ? 1 : time);
                if ((place + time) % 2 == 0)
                {
                    await DieAtAsync(field, RecoveryPoints[((place / 2) + time) % RecoveryPoints.Length], time: 1);
                }

                if (place % PointsInARow == PointsInARow - 1)
                {
                    // A job that never came to its end between two deaths would be given up at last, as it should.
                    await field.StartAsync("");
                    await field.WaitUntilFinalAsync();
                }
            }
        }

        await field.StartAsync("");
        await field.EndWellAsync();
    }

    private static async Task DieAtAsync(Field field, FaultPoint point, int time)
    {
        field.Extend();
        await field.StartAsync($"{point}:kill:{time}");
        await field.SendUntilAsync(Records, RoundsMax, service => service.HasExited);
        Assert.True(field.Service.HasExited, $"{point} was not reached:\n{field.Service.Log}");
        await field.Service.WaitForExitAsync(field.Token); // what it said last is read a moment after its end
        Assert.True(field.Service.FaultsReached.Contains(point.ToString()), $"It died before {point}:\n{field.Service.Log}");
    }
}
