using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>The same trips by each of several ways, in turn.</summary>
internal static class LoadTurns
{
    /// <summary>
    /// Declares what is loaded, loads a tenth twice without counting it, and measures each load as often as there are rounds: its seconds and
    /// those of its service's processor.
    /// </summary>
    public static async Task MeasureInTurnAsync(this IReadOnlyList<ServiceLoad> loads, Laboratory laboratory, long rows, int rounds)
    {
        LoadSample warmUp = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, "warm-up"), Math.Max(1, rows / 10), 2);
        foreach (ServiceLoad load in loads)
        {
            await load.DeclareAsync();
            await load.LoadAsync(warmUp);
            await load.MeasureAsync(warmUp);
        }

        warmUp.Delete();
        LoadSample sample = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, "trips"), rows, 1);
        for (int round = 0; round < rounds; round++)
        {
            foreach (ServiceLoad load in loads.InTurn(round))
            {
                load.Seconds.Add(await load.MeasureAsync(sample));
                load.Cpu.Add(load.CpuSeconds);
            }
        }

        sample.Delete();
    }
}
