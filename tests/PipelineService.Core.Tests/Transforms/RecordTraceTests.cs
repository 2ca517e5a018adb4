using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Tracing;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>A record that is watched becomes what it becomes when nobody looks.</summary>
public sealed class RecordTraceTests
{
    private static readonly byte[] Data = Text.UTF8.GetBytes(
        "one,two\n\"a \"\"b\"\"\",c\ntoo,many,fields\n,x\n\"two\nlines\",y\nlast,\n");

    [Fact]
    public async Task Makes_the_same_row_or_the_same_reject_of_each_record()
    {
        ChunkTransform transform = Transform();
        TransformWorkspace all = new(), one = new();
        int records = transform.Run(Data, new ChunkPosition(101, 201), all);
        Assert.Equal((6, 4, 2), (records, all.Rows.Count, all.Rejects.Count));
        for (long record = 101; record < 101 + records; record++)
        {
            RecordTrace trace = new(record);
            await transform.TraceAsync(Data, new ChunkPosition(101, 201), one, trace, TestContext.Current.CancellationToken);

            Assert.Equal(1, one.Rows.Count + one.Rejects.Count);
            int row = all.Rows.Marks.ToArray().ToList().FindIndex(mark => mark.Record == record);
            if (row >= 0)
            {
                Assert.Equal(all.Rows.RowBytes(row, 1).ToArray(), one.Rows.RowBytes(0, 1).ToArray());
                Assert.Equal(all.Rows.Marks[row] with { Offset = 0 }, one.Rows.Marks[0] with { Offset = 0 });
                Assert.All(trace.Columns, column => Assert.Equal(RecordErrorCode.None, column.Code));
            }
            else
            {
                Reject expected = all.Rejects.Rejects.ToArray().Single(reject => reject.Record == record), found = one.Rejects.Rejects[0];
                Assert.Equal((expected.Line, expected.RawStart, expected.RawLength), (found.Line, found.RawStart, found.RawLength));
                Assert.Equal(all.Rejects.ErrorsOf(expected).ToArray(), one.Rejects.ErrorsOf(found).ToArray());
            }
        }
    }

    [Fact]
    public async Task Says_what_was_read_and_what_each_column_became()
    {
        RecordTrace trace = new(102);
        await Transform().TraceAsync(Data, new ChunkPosition(101, 201), new TransformWorkspace(), trace, TestContext.Current.CancellationToken);

        Assert.Equal((true, 202L, new RecordPlace(8, 11, 1)), (trace.IsRead, trace.Line, trace.Place));
        Assert.Equal(("a \"\"b\"\"", ValueSpelling.CsvDoubled), (Text.UTF8.GetString(trace.Fields[0].Written!), trace.Fields[0].Spelling));
        Assert.Equal(["a \"b\"", "c"], trace.Columns.Select(column => column.Stored!.Text));
    }

    [Fact]
    public async Task One_that_is_not_in_the_chunk_is_not_found()
    {
        RecordTrace trace = new(107);
        TransformWorkspace workspace = new();
        await Transform().TraceAsync(Data, new ChunkPosition(101, 201), workspace, trace, TestContext.Current.CancellationToken);

        Assert.Null(trace.Place);
        Assert.Equal((0, 0), (workspace.Rows.Count, workspace.Rejects.Count));
    }

    private static ChunkTransform Transform()
    {
        PipelineService.Core.Encoding.RowPlan plan = Transforming.PlanOf("a!,b");
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);
        return new ChunkTransform(plan, new CsvRecordReader(binding, CsvDialect.Default, 1_000), new JobFacts(Guid.Empty));
    }
}
