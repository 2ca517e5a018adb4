using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>A job that looks another dataset up and has its records scored sees one version of both, from its first attempt to its last.</summary>
public sealed class PinnedLookupTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    public static readonly TheoryData<string> OneSize = OneForm.Of("268435456", "0");

    private const int Records = 1_500;

    /// <summary>
    /// The service dies twice in the middle of a job that commits each chunk, and what the job looks up is replaced before each of the
    /// next attempts; and so is the model that scores its records.
    /// </summary>
    /// <param name="bytes">How much memory rows may take that are looked up.</param>
    [Theory]
    [MemberData(nameof(OneSize))]
    public async Task Every_row_is_of_one_version_whatever_is_loaded_and_whoever_dies(string bytes)
    {
        const string Dies = "Committed:kill:4";
        (string, string)[] settings = [("Spool__ChunkBytes", "4096"), ("Transform__LookupBytes", bytes)];
        await using Field field = new(database, $"pinned-{bytes}");
        await field.StartAsync("", settings);
        string first = await field.ReplaceLookedUpAsync(Records);
        int own = 1_000 * (bytes.Length + 1);
        await field.Sender.PutModelAsync(Sample.ModelOf(own), field.Token);

        await field.StartAsync(Dies, settings);
        Task looking = field.SendLookingAsync(Records);
        await field.Service.WaitForExitAsync(field.Token);
        foreach (string fate in (string[])[Dies, ""])
        {
            await using (await TableLock.TakeAsync(database, Sample.Looking))
            {
                await field.StartAsync(fate, settings);
                await field.ReplaceLookedUpAsync(Records);
                await field.Sender.PutModelAsync(Sample.ModelOf(own + (fate == Dies ? 1 : 2)), field.Token);
            }

            if (fate == Dies)
            {
                await field.Service.WaitForExitAsync(field.Token);
            }
        }

        await looking;
        await field.EndWellAsync();
        Assert.Equal(first, await database.ScalarAsync<string>($"SELECT DISTINCT regexp_replace(found, '.* of ', '') FROM public.{Sample.Looking}"));
        Assert.Equal(own, await database.ScalarAsync<decimal>($"SELECT DISTINCT score - 2 * id FROM public.{Sample.Looking}"));
        Assert.True(await database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE dataset = '{Sample.Looking}'") == 3);
    }
}
