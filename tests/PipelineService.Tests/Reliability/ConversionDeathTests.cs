using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>The service dies while a file is converted, and after: each row lands once, and what was made is not made again.</summary>
public sealed class ConversionDeathTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    private const int Records = 3_000;

    /// <summary>Each process takes the job up from the death of the one before. The last could not convert, and need not.</summary>
    [Fact]
    public async Task Dies_at_every_step_of_a_conversion_and_goes_on_with_what_was_made()
    {
        OneForm.SkipUnlessItsTurn(nameof(ConversionDeathTests));
        (string, string)[] settings = [("Spool__ChunkBytes", "4096"), ("Jobs__LeaseTime", "00:00:01"), ("Jobs__AttemptsMax", "20")];
        await using Field field = new(database, "convert");
        await field.StartAsync($"{FaultPoint.ConversionWriting}:throw:1,{FaultPoint.Converted}:throw:1,{FaultPoint.ConversionPinned}:kill:1", settings);
        Task sending = field.SendAs(SampleForm.Parquet, Sample.ByChunk, Records);
        foreach (string next in (string[])
        [
            $"{FaultPoint.ConversionNamed}:kill:1",
            $"{FaultPoint.Committed}:kill:4",
            $"{FaultPoint.ConversionWriting}:throw",
        ])
        {
            await field.Service.WaitForExitAsync(field.Token);
            await field.StartAsync(next, settings);
        }

        await sending;
        await field.EndWellAsync();
        Assert.Empty(field.Service.FaultsReached);
        Assert.Empty(Directory.EnumerateFiles(field.Spool, "*.converted*"));
    }
}
