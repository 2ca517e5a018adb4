using System.Collections.Immutable;
using System.Text;
using BenchmarkDotNet.Attributes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Transforms;
using PipelineService.Core.Transforms.Steps;

namespace PipelineService.Benchmarks.Micro;

/// <summary>Rows of 200 columns, without transforms and with one for each of them.</summary>
public class WideTransformBenchmarks
{
    private const int Fields = 200;
    private const int Rows = 1_000;

    private static readonly ChunkPosition Start = new(FirstRecord: 1, FirstLine: 1);

    private readonly byte[] _chunk = Encoding.UTF8.GetBytes(string.Concat(
        Enumerable.Repeat(string.Join(',', Enumerable.Range(0, Fields).Select(i => $" Ab {i} ")) + "\n", Rows)));

    private readonly TransformWorkspace _workspace = new();
    private readonly ChunkTransform _plain = TransformOf([]);
    private readonly ChunkTransform _transformed = TransformOf([.. Enumerable.Range(0, Fields).Select(OpOf)]);

    [Benchmark(Baseline = true, OperationsPerInvoke = Rows)]
    public int Row() => Run(_plain);

    [Benchmark(OperationsPerInvoke = Rows)]
    public int RowThrough200Ops() => Run(_transformed);

    private static TransformOp OpOf(int field)
    {
        ImmutableArray<string> fields = [$"f{field}"];
        return (field % 5) switch
        {
            0 => new TrimOp { Fields = fields },
            1 => new LowerOp { Fields = fields },
            2 => new MapOp { Fields = fields, Table = [new(" Ab 7 ", "seven")] },
            3 => new NullIfOp { Fields = fields, Values = ["-"] },
            _ => new ReplaceOp { Fields = fields, Text = " ", With = "" },
        };
    }

    private static ChunkTransform TransformOf(ImmutableArray<TransformOp> ops)
    {
        DatasetDefinition definition = new()
        {
            Schema = new TableSchema
            {
                Fields = [.. Enumerable.Range(0, Fields).Select(i => new FieldDefinition { Name = $"f{i}", Type = FieldType.String })],
            },
            Load = new LoadPolicy { Table = new TableName("public", "wide"), Lineage = false },
            Transforms = ops,
        };
        CsvRecordReader reader = new(HeaderBinding.ByPosition(definition.Schema), CsvDialect.Default, TripsChunk.RecordBytesMax);
        return new(new RowPlan(definition, RowSteps.Of(definition, _ => null)), reader, new JobFacts(Guid.Empty));
    }

    private int Run(ChunkTransform transform)
    {
        Check.Equal(Rows, transform.Run(_chunk, Start, _workspace), "records");
        Check.Equal(0, _workspace.Rejects.Count, "rejects");
        return _workspace.Rows.Count;
    }
}
