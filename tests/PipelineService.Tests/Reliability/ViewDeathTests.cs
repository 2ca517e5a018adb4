using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Tests.Datasets.Views;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The service dies while a view is built and put together, before and after what rows add to it is written, and while what they have
/// added is taken out: it is what its table says, each time.
/// </summary>
public sealed class ViewDeathTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    /// <summary>The points that only datasets with views come to.</summary>
    internal static readonly ImmutableArray<FaultPoint> Points =
    [
        FaultPoint.ViewPartsWriting, FaultPoint.ViewPartsWritten, FaultPoint.ViewPartsRemoving, FaultPoint.ViewBuilding,
        FaultPoint.ViewFolding, FaultPoint.ViewKept,
    ];

    private const int Records = 2_000;
    private const string Dataset = "viewed";
    private const string Query = "SELECT name, count(*), sum(id)::numeric FROM viewed GROUP BY 1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dies_at_every_step_of_a_view_and_it_is_what_the_table_says()
    {
        OneForm.SkipUnlessItsTurn(nameof(ViewDeathTests));
        await using DyingService service = new(database.ConnectionString);
        await service.StartAsync($"{FaultPoint.ViewBuilding}:kill:1");
        await service.DeclareAsync(Dataset, """
            { "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "name", "type": "string" } ] },
              "load": { "table": "public.viewed", "commit": "chunk" },
              "views": [ { "name": "v", "groupBy": ["name"], "measures": { "n": "count", "s": "sum id" } } ] }
            """);
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.ViewKept}:kill:1");
        await service.DiesAsync();
        await service.StartAsync($"{FaultPoint.ViewPartsWriting}:kill:2");
        await WhenReadyAsync();
        Guid job;
        await using (await TableLock.TakeAsync(database, Dataset))
        {
            job = await service.Sender.SendAsync(Sample, Token);
        }

        await service.DiesAsync();
        await AssertAsync(rowsMax: Records - 1);
        await service.StartAsync($"{FaultPoint.ViewPartsWritten}:kill:3");
        await service.DiesAsync();
        await AssertAsync(rowsMax: Records - 1);
        await service.StartAsync("");
        await service.Sender.WaitUntilFinalAsync(job, Token);
        await AssertAsync(Records, Records);

        // Taken out, and put together.
        await service.StartAsync($"{FaultPoint.ViewPartsRemoving}:kill:1");
        await service.AskAsync(HttpMethod.Post, $"/v1/jobs/{job}/revert");
        await service.DiesAsync();
        await AssertAsync(Records, Records);
        await database.ExecuteAsync("""
            UPDATE pipeline.jobs SET created_at = created_at - interval '1 day', received_at = received_at - interval '1 day',
                started_at = started_at - interval '1 day', finished_at = finished_at - interval '1 day'
            """);
        await service.StartAsync($"{FaultPoint.ViewFolding}:kill:1");
        await service.DiesAsync();
        await AssertAsync(Records, Records);
        await service.StartAsync("");
        string parts = $"pipeline.view_{await IdAsync()}_parts";
        await BoundedWait.UntilAsync("the parts to be put together", async () =>
            !await database.ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM {parts} WHERE job_id IS NOT NULL)"));
        await AssertAsync(Records, Records);
        await service.AskAsync(HttpMethod.Post, $"/v1/jobs/{job}/revert");
        await AssertAsync(rowsMax: 0);
    }

    private Task WhenReadyAsync() => BoundedWait.UntilAsync("the view to be built", async () =>
        await database.ScalarAsync<string>("SELECT state FROM pipeline.views") == "ready");

    private Task<long> IdAsync() => database.ScalarAsync<long>("SELECT id FROM pipeline.views");

    private async Task AssertAsync(long rowsMin = 0, long rowsMax = Records)
    {
        Assert.Equal(0, await database.ScalarAsync<long>(ViewStand.Compared(await IdAsync(), Query)));
        Assert.InRange(await database.ScalarAsync<long>($"SELECT count(*) FROM {Dataset}"), rowsMin, rowsMax);
    }

    private static Sample Sample
    {
        get
        {
            StringBuilder body = new("id,name\n");
            for (int i = 1; i <= Records; i++)
            {
                body.Append(CultureInfo.InvariantCulture, $"{i},name {i % 400}\n");
            }

            return new Sample(Dataset, "views", Encoding.UTF8.GetBytes(body.ToString()), Records, Records, Filtered: 0, Digest: "");
        }
    }
}
