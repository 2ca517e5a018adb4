using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// The same records twice: as a CSV file, which <c>\copy</c> reads, and as the body that the service is sent.
/// </summary>
/// <param name="CsvPath">A file with a header.</param>
/// <param name="BodyPath">The same file, or one in another format.</param>
internal sealed record LoadSample(long Rows, string CsvPath, string BodyPath, string ContentType)
{
    /// <summary>How the body is compressed; null for not at all.</summary>
    public string? ContentEncoding { get; init; }

    public double CsvMB => MB(CsvPath);

    public double BodyMB => MB(BodyPath);

    /// <summary>The file as a body of known length, read while it is sent.</summary>
    public HttpContent OpenBody()
    {
        const int BufferBytes = 128 * 1_024;
        var body = new StreamContent(File.OpenRead(BodyPath), BufferBytes);
        body.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        if (ContentEncoding is not null)
        {
            body.Headers.ContentEncoding.Add(ContentEncoding);
        }

        return body;
    }

    public void Delete()
    {
        File.Delete(CsvPath);
        File.Delete(BodyPath);
    }

    private static double MB(string path) => new FileInfo(path).Length / 1e6;
}

/// <summary>Data of one shape and format, in any number of rows.</summary>
/// <param name="Name">As datasets and options have it.</param>
/// <param name="Title">As reports have it.</param>
/// <param name="Columns">In the order of the CSV file.</param>
/// <param name="Rows">How many are measured unless the command line says otherwise.</param>
/// <param name="RatioMax">The time that the service should take at most, as a share of <c>\copy</c>'s.</param>
/// <param name="Create">Makes so many rows, from a seed, in files with this path up to the extension.</param>
/// <param name="Define">The definition for a table, a commit policy, and with or without lineage.</param>
internal sealed record SampleKind(
    string Name,
    string Title,
    IReadOnlyList<string> Columns,
    long Rows,
    double RatioMax,
    Func<string, long, ulong, Task<LoadSample>> Create,
    Func<string, string, bool, JsonObject> Define)
{
    private const string Csv = "text/csv";

    public static SampleKind Trips { get; } = new(
        "trips", "trips, CSV", TripsDefinition.Columns.ToArray(), Rows: 3_000_000, RatioMax: 0.55,
        CreateTripsAsync, DefineTrips);

    public static SampleKind Ndjson { get; } = new(
        "ndjson", "trips, NDJSON", TripsDefinition.Columns.ToArray(), Rows: 3_000_000, RatioMax: 0.70,
        CreateNdjsonAsync, DefineTrips);

    public static SampleKind Wide { get; } = new(
        "wide", $"{WideFile.ColumnCount} columns, CSV", WideFile.Columns, Rows: 40_000, RatioMax: 0.75,
        CreateWideAsync, WideFile.Define);

    public static SampleKind Of(string name) =>
        new[] { Trips, Ndjson, Wide }.FirstOrDefault(kind => kind.Name == name)
        ?? throw new UsageException($"--data is trips, ndjson or wide, not '{name}'.");

    private static JsonObject DefineTrips(string table, string commit, bool lineage) =>
        TripsDefinition.Create(table, commit, lineage);

    private static async Task<LoadSample> CreateTripsAsync(string path, long rows, ulong seed)
    {
        TripsFile file = await TripsFile.CreateAsync($"{path}.csv", new TripsOptions { Rows = rows, Seed = seed });
        return new LoadSample(rows, file.Path, file.Path, Csv);
    }

    private static async Task<LoadSample> CreateNdjsonAsync(string path, long rows, ulong seed)
    {
        var options = new TripsOptions { Rows = rows, Seed = seed };
        TripsFile csv = await TripsFile.CreateAsync($"{path}.csv", options);
        TripsFile body = await TripsFile.CreateAsync($"{path}.ndjson", options with { Format = DataFormat.Ndjson });
        return new LoadSample(rows, csv.Path, body.Path, "application/x-ndjson");
    }

    private static async Task<LoadSample> CreateWideAsync(string path, long rows, ulong seed)
    {
        string file = $"{path}.csv";
        await WideFile.WriteAsync(file, rows, seed);
        return new LoadSample(rows, file, file, Csv);
    }
}
