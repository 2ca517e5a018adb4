using System.Net;
using System.Net.Http.Headers;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Infrastructure;

/// <summary>What a client does: declares, uploads, and follows jobs. Every wait is bounded.</summary>
public sealed class Api(HttpClient http)
{
    private const int PollSeconds = 5;

    public Uri Address => http.BaseAddress!;

    public async Task DeclareAsync(string dataset, string definition)
    {
        using StringContent body = new(definition.Replace('\'', '"'), Encoding.UTF8, "application/json");
        ApiAnswer answer = await SendAsync(HttpMethod.Put, $"/v1/datasets/{dataset}", body);
        Assert.True(answer.Status is HttpStatusCode.Created or HttpStatusCode.OK, answer.Body);
    }

    public async Task<ApiAnswer> UploadAsync(
        string dataset, string body, string contentType = "text/csv", params (string Name, string Value)[] headers)
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await UploadAsync(dataset, content, headers);
    }

    public Task<ApiAnswer> UploadAsync(string dataset, HttpContent body, params (string Name, string Value)[] headers) =>
        PostAsync($"/v1/datasets/{dataset}/uploads", body, headers);

    public Task<ApiAnswer> PostAsync(string path, HttpContent body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public Task<ApiAnswer> PutAsync(string path, HttpContent body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Put, path, body, headers);

    public Task<ApiAnswer> PatchAsync(string path, HttpContent body) => SendAsync(HttpMethod.Patch, path, body);

    /// <summary>Uploads and waits for the job's end.</summary>
    public async Task<JobView> LoadAsync(string dataset, string body, string contentType = "text/csv")
    {
        ApiAnswer answer = await UploadAsync(dataset, body, contentType, ("Prefer", "wait=30"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Job;
    }

    public Task<ApiAnswer> GetAsync(string path, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, path, body: null, headers);

    public Task<ApiAnswer> HeadAsync(string path) => SendAsync(HttpMethod.Head, path, body: null);

    public Task<ApiAnswer> PostAsync(string path) => SendAsync(HttpMethod.Post, path, body: null);

    public Task<ApiAnswer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, body: null);

    public Task<ApiAnswer> CancelAsync(Guid job) => PostAsync($"/v1/jobs/{job}/cancel");

    public Task<ApiAnswer> RevertAsync(Guid job) => PostAsync($"/v1/jobs/{job}/revert");

    public Task<ApiAnswer> RerunAsync(Guid job) => PostAsync($"/v1/jobs/{job}/rerun");

    /// <summary>Sends an upload that is to take the place of a job.</summary>
    public async Task<ApiAnswer> ReplaceAsync(string dataset, Guid replaced, string body, params (string Name, string Value)[] headers)
    {
        using StringContent content = new(body, Encoding.UTF8, "text/csv");
        return await PostAsync($"/v1/datasets/{dataset}/uploads?replaces={replaced}", content, headers);
    }

    /// <summary>Follows a job by long polls until a condition holds.</summary>
    public Task<JobView> WhenAsync(Guid job, string what, Func<JobView, bool> condition) =>
        FollowAsync(job, condition).Within($"job {job} to be {what}");

    public Task<JobView> WhenFinalAsync(Guid job) => WhenAsync(job, "final", j => j.State.IsFinal());

    /// <summary>
    /// The same however long it takes: where nobody knows how fast a machine is, the watchdog of the tests ends what never ends.
    /// </summary>
    public Task<JobView> WhenFinalAtLastAsync(Guid job) => FollowAsync(job, j => j.State.IsFinal());

    private async Task<JobView> FollowAsync(Guid id, Func<JobView, bool> condition)
    {
        ApiAnswer answer = await GetAsync($"/v1/jobs/{id}");
        JobView job = answer.Job;
        while (!condition(job))
        {
            Assert.False(job.State.IsFinal(), $"The job ended without it: {answer.Body}");
            ApiAnswer next = await GetAsync(
                $"/v1/jobs/{id}", ("If-None-Match", answer["ETag"]!), ("Prefer", $"wait={PollSeconds}"));
            if (next.Status != HttpStatusCode.NotModified)
            {
                (answer, job) = (next, next.Job);
            }
        }

        return job;
    }

    private async Task<ApiAnswer> SendAsync(
        HttpMethod method, string path, HttpContent? body, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative)) { Content = body };
        foreach ((string name, string value) in headers)
        {
            HttpHeaders target = name == "Content-Encoding" ? body!.Headers : request.Headers;
            target.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return await ApiAnswer.ReadAsync(response);
    }
}
