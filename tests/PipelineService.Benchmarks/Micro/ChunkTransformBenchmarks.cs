using BenchmarkDotNet.Attributes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;

namespace PipelineService.Benchmarks.Micro;

/// <summary>Stage 4 as a whole: a chunk's bytes to rows that are ready for COPY, in both formats.</summary>
public class ChunkTransformBenchmarks
{
    private static readonly ChunkPosition Start = new(FirstRecord: 1, FirstLine: 1);

    private readonly byte[] _csv = TripsChunk.Create(DataFormat.Csv);
    private readonly byte[] _ndjson = TripsChunk.Create(DataFormat.Ndjson);
    private readonly TransformWorkspace _workspace = new();
    private readonly ChunkTransform _csvTransform;
    private readonly ChunkTransform _ndjsonTransform;
    private readonly int _copyLength;

    public ChunkTransformBenchmarks()
    {
        RowPlan plan = TripsChunk.Plan();
        var binding = HeaderBinding.ByPosition(plan.Definition.Schema);
        _csvTransform = new(plan, new CsvRecordReader(binding, CsvDialect.Default, TripsChunk.RecordBytesMax), new JobFacts(Guid.Empty));
        _ndjsonTransform = new(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty));

        // Both formats hold the same values, so both must come out as the same bytes.
        Run(_csvTransform, _csv);
        byte[] expected = _workspace.Rows.CopyBytes.ToArray();
        Run(_ndjsonTransform, _ndjson);
        Check.That(_workspace.Rows.CopyBytes.Span.SequenceEqual(expected), "NDJSON gives other rows than CSV");
        _copyLength = expected.Length;
    }

    [Benchmark(OperationsPerInvoke = TripsChunk.Rows)]
    public int CsvRow() => Measure(_csvTransform, _csv);

    [Benchmark(OperationsPerInvoke = TripsChunk.Rows)]
    public int NdjsonRow() => Measure(_ndjsonTransform, _ndjson);

    private int Measure(ChunkTransform transform, byte[] chunk)
    {
        Run(transform, chunk);
        Check.Equal(_copyLength, _workspace.Rows.CopyBytes.Length, "bytes for COPY");
        return _copyLength;
    }

    private void Run(ChunkTransform transform, byte[] chunk)
    {
        Check.Equal(TripsChunk.Rows, transform.Run(chunk, Start, _workspace), "records");
        Check.Equal(0, _workspace.Rejects.Count, "rejects");
    }
}
