using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using PipelineService.Tests.Infrastructure;
using PipelineService.Transform;
using PipelineService.Write;

namespace PipelineService.Tests.Transform;

public sealed class ChunkWorkersTests(RunningService running) : IClassFixture<RunningService>
{
    /// <summary>A worker that died of it would be missing until the next start, and its load would say nothing.</summary>
    [Fact]
    public async Task A_lack_of_memory_ends_the_attempt_and_no_worker()
    {
        ChunkWorkers workers = running.Service.Services.GetServices<IHostedService>().OfType<ChunkWorkers>().Single();
        ChunkChannel channel = running.Service.Services.GetRequiredService<ChunkChannel>();
        int count = running.Service.Services.GetRequiredService<IOptions<TransformOptions>>().Value.Workers;

        for (int i = 0; i < count * 2; i++)
        {
            using JobLoad load = ChunkReading.LoadOf(TooLarge());
            ChunkFeed feed = channel.FeedOf(load);
            ChunkExtent extent = new()
            {
                StartOffset = 0,
                EndOffset = 2,
                Position = new ChunkPosition(1, 1),
                Records = 1,
                Lines = 1,
            };
            byte[] record = feed.Rent(2);
            "{}"u8.CopyTo(record);
            await feed.SendAsync(extent, record, 2, TestContext.Current.CancellationToken);
            await load.WhenIdleAsync().Within("the chunk to be given up");
            Assert.Throws<InsufficientMemoryException>(load.ThrowIfFailed);
        }

        Assert.False(workers.ExecuteTask!.IsCompleted);
        await running.Api.DeclareAsync("after", Readings.Definition());
        Assert.Equal(1, (await running.Api.LoadAsync("after", Readings.Csv(1))).Records.Loaded);
    }

    private static ChunkTransform TooLarge()
    {
        RowPlan rows = new(
            new DatasetDefinition
            {
                Schema = new TableSchema { Fields = [new FieldDefinition { Name = "id" }] },
                Load = new LoadPolicy { Table = new TableName("public", "t") },
            },
            [new GreedyStep()]);
        return new ChunkTransform(rows, new NdjsonRecordReader(rows.Definition.Schema), new JobFacts(Guid.Empty));
    }

    private sealed class GreedyStep : RecordStep
    {
        public override StepResult Apply(OpenRecord record) => throw new InsufficientMemoryException();
    }
}
