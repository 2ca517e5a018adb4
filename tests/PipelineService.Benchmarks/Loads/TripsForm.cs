using System.IO.Compression;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;
using ZstdSharp;

namespace PipelineService.Benchmarks.Loads;

/// <summary>A form in which trips may come.</summary>
/// <param name="Name">As options have it.</param>
/// <param name="Title">As reports have it.</param>
/// <param name="RatioMax">The time that a load should take at most, as a share of that of the data as it is; 0 for none.</param>
/// <param name="MakeAsync">Makes it of the data as it is, in a file beside that.</param>
internal sealed record TripsForm(string Name, string Title, double RatioMax, Func<LoadSample, Task<LoadSample>> MakeAsync)
{
    public const ulong Seed = 1;

    /// <summary>What <c>zstd</c> uses when nobody says otherwise.</summary>
    private const int ZstdLevel = 3;

    /// <summary>All of them, the data as it is first.</summary>
    public static IReadOnlyList<TripsForm> All { get; } =
    [
        new("plain", "as it is", 0, plain => Task.FromResult(plain)),
        new("gzip", "gzip", 1.25, plain => CompressAsync(plain, "gzip", to => new GZipStream(to, CompressionLevel.Optimal))),
        new("zstd", "zstd", 1.15, plain => CompressAsync(plain, "zstd", to => new CompressionStream(to, ZstdLevel, leaveOpen: false))),
        new("ndjson", "NDJSON", 1.30, plain => NdjsonAsync(plain, "ndjson")),
        new("json", "JSON array", 1.30, JsonAsync),
        new("parquet", "Parquet", 1.00, ParquetAsync),
        new("arrow", "Arrow", 0.90, ArrowAsync),
    ];

    /// <param name="names">With commas between them; <c>all</c> for all.</param>
    public static IReadOnlyList<TripsForm> Of(string names) => names == "all"
        ? All
        : [.. names.Split(',').Select(name => All.FirstOrDefault(form => form.Name == name)
            ?? throw new UsageException($"--forms are {string.Join(", ", All.Select(form => form.Name))}, not '{name}'."))];

    private static async Task<LoadSample> CompressAsync(LoadSample plain, string encoding, Func<Stream, Stream> compress)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.{encoding}", ContentEncoding = encoding };
        await using FileStream from = File.OpenRead(plain.CsvPath);
        await using Stream to = compress(File.Create(made.BodyPath));
        await from.CopyToAsync(to);
        return made;
    }

    private static async Task<LoadSample> NdjsonAsync(LoadSample plain, string extension)
    {
        TripsFile file = await TripsFile.CreateAsync(
            $"{plain.CsvPath}.{extension}", new TripsOptions { Rows = plain.Rows, Seed = Seed, Format = DataFormat.Ndjson });
        return plain with { BodyPath = file.Path, ContentType = "application/x-ndjson" };
    }

    /// <summary>The same objects, with commas between them.</summary>
    private static async Task<LoadSample> JsonAsync(LoadSample plain)
    {
        LoadSample lines = await NdjsonAsync(plain, "lines");
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.json", ContentType = "application/json" };
        await using (StreamWriter to = new(made.BodyPath))
        {
            string before = "[";
            await foreach (string line in File.ReadLinesAsync(lines.BodyPath))
            {
                await to.WriteAsync(before);
                await to.WriteAsync(line);
                before = ",\n";
            }

            await to.WriteAsync("]\n");
        }

        File.Delete(lines.BodyPath);
        return made;
    }

    private static Task<LoadSample> ParquetAsync(LoadSample plain)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.parquet", ContentType = "application/vnd.apache.parquet" };
        ColumnarTrips.WriteParquet(plain.CsvPath, made.BodyPath);
        return Task.FromResult(made);
    }

    private static async Task<LoadSample> ArrowAsync(LoadSample plain)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.arrows", ContentType = "application/vnd.apache.arrow.stream" };
        await ColumnarTrips.WriteArrowAsync(made.BodyPath, plain.Rows, Seed);
        return made;
    }
}
