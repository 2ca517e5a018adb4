using System.Globalization;
using Npgsql;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>A record that ends the process whenever it is read.</summary>
public sealed class PoisonedJobTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    public static readonly TheoryData<string> OneDataset = OneForm.Of(Sample.WholeJobs, Sample.ByChunk);

    private const int AttemptsMax = 3;
    private const int Records = 3_000;

    /// <summary>Content of one record of the poisoned upload.</summary>
    private const string Poison = "note 17 of poison-2";

    [Theory]
    [MemberData(nameof(OneDataset))]
    public async Task Poisoned_job_is_tried_three_times_and_fails_and_its_neighbours_are_loaded(string dataset)
    {
        OneForm.SkipUnlessItsTurn(nameof(PoisonedJobTests));
        await using Field field = new(database, "poison");
        (string, string)[] settings = [("Jobs__AttemptsMax", AttemptsMax.ToString(CultureInfo.InvariantCulture))];
        string poison = $"{FaultPoint.ChunkTransforming}@{Poison}:kill";
        await field.StartAsync(poison, settings);

        // Neighbours before and behind it; they are sent again whenever the process dies before it could answer.
        Task[] sent = [field.Send(Sample.WholeJobs, Records), field.Send(dataset, Records), field.Send(Sample.ByChunk, Records)];
        int deaths = 0;
        while (await DiesAsync(field))
        {
            deaths++;
            Assert.True(deaths <= AttemptsMax + sent.Length, $"It dies for ever:\n{field.Service.Log}");
            await field.StartAsync(poison, settings);
        }

        await Task.WhenAll(sent);
        Guid poisoned = field.Accepted.Single(job => job.Value.Key == "poison-2").Key;
        Assert.True(field.Accepted.TryRemove(poisoned, out _));
        Assert.Equal((AttemptsMax + 1, "failed", "attempts_exhausted"), await EndOfAsync(poisoned, field.Token));
        await database.ExecuteAsync(
            $"DELETE FROM public.{dataset} WHERE _job_id = '{poisoned}'; DELETE FROM pipeline.jobs WHERE id = '{poisoned}'; {Invariants.CountAgain}");
        await field.EndWellAsync();
        Assert.True(deaths <= AttemptsMax + 1, $"{deaths} deaths:\n{field.Service.Log}");
    }

    /// <returns>False when everything that was sent has become final first.</returns>
    private static async Task<bool> DiesAsync(Field field)
    {
        Task died = field.Service.WaitForExitAsync(field.Token);
        return await Task.WhenAny(died, field.WaitUntilFinalAsync()) == died;
    }

    private async Task<(int Attempt, string State, string? Code)> EndOfAsync(Guid job, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.DataSource.CreateCommand(
            "SELECT attempt, state, error->>'code' FROM pipeline.jobs WHERE id = $1");
        command.Parameters.Add(new() { Value = job });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        Assert.True(await reader.ReadAsync(cancellationToken));
        return (reader.GetInt32(0), reader.GetString(1), await reader.IsDBNullAsync(2, cancellationToken) ? null : reader.GetString(2));
    }
}
