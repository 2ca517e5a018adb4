using System.Globalization;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>The connection breaks after the server has committed and before it could say so.</summary>
public sealed class UnknownOutcomeTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    public static readonly TheoryData<string> OneDataset = OneForm.Of(Sample.WholeJobs, Sample.ByChunk);

    /// <summary>How many answers are lost; 500 by hand.</summary>
    private const string Variable = "PIPELINE_LOST_COMMITS";

    private const int RoundsMax = 1_000;

    [Theory]
    [MemberData(nameof(OneDataset))]
    public async Task Unknown_outcome_of_COMMIT_doubles_nothing(string dataset)
    {
        int count = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "20", CultureInfo.InvariantCulture);
        await using TcpProxy proxy = new(database.ConnectionString);
        await using Field field = new(proxy.ConnectionString, database.DataSource, $"unknown-{dataset}");
        await field.StartAsync("", ("Hosting__BreakerFailures", "1000"));
        proxy.LoseCommits(count);
        for (int round = 0; round < RoundsMax && proxy.CommitsLost < count; round++)
        {
            field.Extend();
            await field.Send(dataset, records: 1_000);
            await field.WaitUntilFinalAsync();
        }

        Assert.Equal(count, proxy.CommitsLost);
        await field.EndWellAsync();
    }
}
