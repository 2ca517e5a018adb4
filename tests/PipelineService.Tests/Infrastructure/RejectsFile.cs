using System.Text;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Infrastructure;

/// <summary>The CSV of a job's rejects, downloaded, mended by replacing text, and uploaded as it is.</summary>
internal static class RejectsFile
{
    /// <summary>The file as a spreadsheet wants it, with a byte order mark.</summary>
    public static async Task<string> DownloadAsync(this RunningService running, JobView job)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri($"{job.Links.DeadLetters}?bom=true", UriKind.Relative))
        {
            Headers = { { "Accept", "text/csv" } },
        };
        using HttpResponseMessage answer = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("text/csv; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        byte[] file = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(file);
    }

    /// <summary>Downloads, mends and uploads.</summary>
    /// <returns>The second job.</returns>
    public static async Task<JobView> MendAsync(this LoadingService running, JobView job, params (string Bad, string Good)[] mends)
    {
        string file = await running.DownloadAsync(job);
        foreach ((string bad, string good) in mends)
        {
            Assert.Contains(bad, file, StringComparison.Ordinal);
            file = file.Replace(bad, good, StringComparison.Ordinal);
        }

        return await running.LoadAsync(job.Dataset, file);
    }
}
