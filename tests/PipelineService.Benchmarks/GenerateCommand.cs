using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;

namespace PipelineService.Benchmarks;

/// <summary>Writes trips to a file, and beside it, if asked, which of them must be rejected.</summary>
internal static class GenerateCommand
{
    public static async Task RunAsync(Arguments arguments)
    {
        DataFormat format = arguments.Text("format", "csv") switch
        {
            "csv" => DataFormat.Csv,
            "ndjson" => DataFormat.Ndjson,
            string other => throw new UsageException($"--format is csv or ndjson, not '{other}'."),
        };
        var options = new TripsOptions
        {
            Rows = arguments.Long("rows", 3_000_000),
            Seed = (ulong)arguments.Long("seed", 1),
            Format = format,
            LineEnding = arguments.Flag("crlf") ? "\r\n" : "\n",
            TypeErrorShare = arguments.Number("type-errors", 0),
            RuleErrorShare = arguments.Number("rule-errors", 0),
            DuplicateShare = arguments.Number("duplicates", 0),
        };
        string path = arguments.Text("file", format == DataFormat.Csv ? "trips.csv" : "trips.ndjson");
        string? rejects = arguments.Text("rejects");
        arguments.RefuseUnknown();

        TripsFile file = await TripsFile.CreateAsync(path, options);
        Console.WriteLine($"{path}: {file.Rows:N0} rows, {file.Bytes:N0} bytes, {file.ExpectedRejects.Count:N0} bad");
        if (rejects is not null)
        {
            await File.WriteAllLinesAsync(
                rejects,
                file.ExpectedRejects.Select(r => $"{r.Line},{r.Record},{r.Field},{r.Code}").Prepend("line,record,field,code"));
        }
    }
}
