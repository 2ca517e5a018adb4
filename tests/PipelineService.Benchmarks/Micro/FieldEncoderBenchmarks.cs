using System.Text;
using BenchmarkDotNet.Attributes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Benchmarks.Micro;

/// <summary>
/// Missing value, parse, rules and encoding of every value of one column of a chunk. Nothing may be allocated: the
/// allocation column is the gate, the times only compare columns with each other.
/// </summary>
public class FieldEncoderBenchmarks
{
    private readonly byte[] _chunk = TripsChunk.Create(DataFormat.Csv);
    private readonly RowBuffer _rows = new();
    private ColumnPlan _column = null!;
    private RecordValue[] _fields = [];
    private int _length;

    public static IEnumerable<string> Columns => TripsDefinition.Columns.ToArray();

    [ParamsSource(nameof(Columns))]
    public string Column { get; set; } = "";

    [GlobalSetup]
    public void SetUp()
    {
        int index = TripsDefinition.Columns.IndexOf(Column);
        _column = TripsChunk.Plan().Columns[index];
        _fields = TripsChunk.FieldsOf(_chunk, (TripColumn)index);
        _length = Values();
        Check.That(_length > RowBuffer.HeaderBytes + (TripsChunk.Rows * sizeof(int)), $"{Column} came out empty");
    }

    [Benchmark(OperationsPerInvoke = TripsChunk.Rows)]
    public int Values()
    {
        _rows.Clear();
        ReadOnlySpan<byte> chunk = _chunk;
        foreach (RecordValue field in _fields)
        {
            RecordErrorCode code = _column.Encode(chunk.Slice(field.Start, field.Length), _rows);
            if (code != RecordErrorCode.None)
            {
                Refuse(chunk.Slice(field.Start, field.Length), code);
            }
        }

        int length = _rows.CopyBytes.Length;
        Check.Equal(_length == 0 ? length : _length, length, Column);
        return length;
    }

    private void Refuse(ReadOnlySpan<byte> text, RecordErrorCode code) =>
        throw new CheckFailedException($"{Column}: '{Encoding.UTF8.GetString(text)}' was refused: {code}.");
}
