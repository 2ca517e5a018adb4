using System.Net.Http.Headers;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Harness;

/// <summary>Trips in a file, for measurements in which making them must not take part.</summary>
internal sealed record TripsFile(string Path, long Rows, long Bytes, IReadOnlyList<ExpectedReject> ExpectedRejects)
{
    public static async Task<TripsFile> CreateAsync(string path, TripsOptions options)
    {
        var generator = new TripsGenerator(options);
        await using FileStream file = File.Create(path);
        await generator.WriteToAsync(file, CancellationToken.None);
        return new TripsFile(path, options.Rows, generator.Bytes, generator.ExpectedRejects);
    }

    /// <summary>The file as a body of known length, read while it is sent.</summary>
    public HttpContent OpenBody()
    {
        var body = new StreamContent(File.OpenRead(Path), bufferSize: 128 * 1_024);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        return body;
    }
}
