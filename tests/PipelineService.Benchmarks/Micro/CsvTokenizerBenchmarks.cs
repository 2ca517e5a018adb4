using BenchmarkDotNet.Attributes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Benchmarks.Micro;

/// <summary>Cutting a chunk of CSV: into records (the scanner), into fields (the readers), and the plain twin.</summary>
public class CsvTokenizerBenchmarks
{
    private static readonly CsvSyntax AnyDialect = new(CsvDialect.Default with { NullSequence = "\\N" });

    private readonly byte[] _chunk = TripsChunk.Create(DataFormat.Csv);
    private readonly RecordValue[] _fields = new RecordValue[TripsDefinition.Columns.Length];
    private readonly CsvRecordScanner _scanner =
        new(CsvDialect.Default, TripsChunk.RecordBytesMax, skipBlankLines: true);

    [Benchmark(Baseline = true)]
    public int Plain()
    {
        var reader = new CsvTokenizerPlain(_chunk, CsvDialect.Default, TripsChunk.RecordBytesMax, true, _fields);
        int fields = 0;
        while (reader.Read(out CsvRecord record))
        {
            fields += record.FieldCount;
        }

        Check.Equal(TripsChunk.Rows * _fields.Length, fields, "fields");
        return fields;
    }

    [Benchmark]
    public int Fields()
    {
        var reader = new CsvTokenizer(_chunk, CsvDialect.Default, TripsChunk.RecordBytesMax, true, _fields);
        int fields = 0;
        while (reader.Read(out CsvRecord record))
        {
            fields += record.FieldCount;
        }

        Check.Equal(TripsChunk.Rows * _fields.Length, fields, "fields");
        return fields;
    }

    /// <summary>The same data as <see cref="Fields"/>, in a dialect that is not common.</summary>
    [Benchmark]
    public int FieldsOfAnyDialect()
    {
        DialectTokenizer reader = new(_chunk, AnyDialect, TripsChunk.RecordBytesMax, true, isFinal: true, _fields);
        int fields = 0;
        while (reader.Read(out CsvRecord record))
        {
            fields += record.FieldCount;
        }

        Check.Equal(TripsChunk.Rows * _fields.Length, fields, "fields");
        return fields;
    }

    [Benchmark]
    public int Boundaries()
    {
        ScanResult result = _scanner.Scan(_chunk, isFinal: true, recordsMax: int.MaxValue);
        Check.Equal(new ScanResult(_chunk.Length, TripsChunk.Rows, result.Lines, RecordTooLong: false), result, "scan");
        return result.Records;
    }
}
