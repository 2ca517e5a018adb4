using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>
/// What a step does to a record shows at the end of the journey: changed values in the table, records that it leaves out in the
/// counts of checkpoints and job, those that it rejects among the dead letters.
/// </summary>
public sealed class FilteredRecordsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }, { "name": "w" }""";

    public static TheoryData<string, string> Ways => new()
    {
        { "job", "text/csv" },
        { "job", "application/x-ndjson" },
        { "chunk", "text/csv" },
        { "chunk", "application/x-ndjson" },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task A_step_changes_gives_leaves_out_and_rejects(string commit, string contentType)
    {
        const int Records = 1_000;
        string dataset = $"steps_{commit}_{contentType[^3..]}";
        await service.DeclareAsync(dataset, Fields, commit, """, "fieldsMatch": "superset" """);
        await service.Database.ExecuteAsync($"ALTER TABLE {dataset} ALTER w SET DEFAULT 'default'");
        await PlantAsync(dataset);

        JobView job = await service.LoadAsync(dataset, DataOf(Records, contentType), contentType);

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(Records, 998, 1, 1)), (job.State, job.Records));
        Assert.Equal(["1:~1 4:~4", "1000,998,1,1"], await service.RowsAsync($"""
            SELECT string_agg(v || ':' || w, ' ' ORDER BY id) FROM {dataset} WHERE id <= 4
            UNION ALL
            SELECT concat_ws(',', sum(read), sum(loaded), sum(rejected), sum(filtered)) FROM pipeline.job_chunks
            WHERE job_id = '{job.Id}'
            """));
        Assert.StartsWith("3:", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
        Assert.Equal(Records - 2, await service.CountRowsAsync(dataset));
    }

    private static byte[] DataOf(int records, string contentType) => Encoding.UTF8.GetBytes(contentType == "text/csv"
        ? "id,v\n" + string.Concat(Enumerable.Range(1, records).Select(i => $"{i},{i}\n"))
        : string.Concat(Enumerable.Range(1, records).Select(i => $"{{\"id\":{i},\"v\":\"{i}\"}}\n")));

    /// <summary>
    /// The version as it would be if its definition had a step. It takes the place of the declared one, which is kept as long as
    /// one of the same instant comes: so one of another instant comes between them.
    /// </summary>
    private async Task PlantAsync(string dataset)
    {
        DatasetCatalog catalog = service.Service.Services.GetRequiredService<DatasetCatalog>();
        DatasetVersion declared = (await catalog.FindAsync(dataset, TestContext.Current.CancellationToken))!;
        foreach (int ticks in (int[])[1, 0])
        {
            catalog.Remember(new DatasetVersion(
                dataset, declared.Version, declared.CreatedAt.AddTicks(ticks), declared.Definition,
                () => new RowPlan(declared.Definition with { Transforms = [new TrimOp()] }, [new Step()])));
        }
    }

    /// <summary>Leaves record 2 out, rejects record 3, and gives the others a third value.</summary>
    private sealed class Step : RecordStep
    {
        public override ImmutableArray<int> Gives => [2];

        public override StepResult Apply(OpenRecord record)
        {
            _ = record.TryGetText(1, out ReadOnlySpan<byte> text);
            if (text.SequenceEqual("2"u8))
            {
                return StepResult.Filtered;
            }

            record.SetText(2, [(byte)'~', .. text]);
            return text.SequenceEqual("3"u8) ? StepResult.Rejected(1, RecordErrorCode.Expression) : StepResult.Kept;
        }
    }
}
