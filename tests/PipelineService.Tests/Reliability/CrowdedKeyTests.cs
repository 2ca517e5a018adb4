using System.Net;
using System.Net.Http.Headers;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>The same Idempotency-Key from twenty connections at once, against the process.</summary>
public sealed class CrowdedKeyTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    private const int Clients = 20;

    [Fact]
    public async Task Twenty_uploads_under_one_key_are_one_job_whether_their_bytes_are_the_same_or_not()
    {
        await using Field field = new(database, "crowded");
        await field.StartAsync("");
        Sample[] same = [.. Enumerable.Repeat(Sample.Make(Sample.WholeJobs, "same", records: 2_000), Clients)];
        Sample[] different = [.. Enumerable.Range(2_000, Clients).Select(records => Sample.Make(Sample.ByChunk, "different", records))];

        AssertOneJob(field, await SendAllAsync(field, same), same);
        Sample winner = AssertOneJob(field, await SendAllAsync(field, different), different);

        await field.EndWellAsync();
        foreach (Sample sample in different)
        {
            ApiAnswer again = Assert.Single(await SendAllAsync(field, [sample]));
            Assert.Equal(sample == winner ? HttpStatusCode.OK : HttpStatusCode.UnprocessableEntity, again.Status);
        }

        await field.EndWellAsync();
    }

    /// <summary>One upload is taken; the others hear that it is arriving, that it is theirs, or that the key is another's.</summary>
    /// <returns>What was taken.</returns>
    private static Sample AssertOneJob(Field field, ApiAnswer[] answers, IEnumerable<Sample> samples)
    {
        (ApiAnswer Answer, Sample Sample)[] all = [.. answers.Zip(samples)];
        (ApiAnswer taken, Sample winner) = Assert.Single(
            all, one => one.Answer.Status == HttpStatusCode.Accepted && one.Answer["Idempotency-Replayed"] is null);
        field.Accepted[taken.Job.Id] = winner;
        foreach ((ApiAnswer answer, Sample sample) in all.Where(one => one.Answer != taken))
        {
            switch (answer.Status)
            {
                case HttpStatusCode.Conflict:
                    Assert.Equal("upload_in_progress", answer.Problem.Code);
                    break;
                case HttpStatusCode.UnprocessableEntity:
                    Assert.Equal("idempotency_key_reused", answer.Problem.Code);
                    Assert.NotEqual(winner, sample);
                    break;
                default:
                    Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Accepted, answer.Body);
                    Assert.Equal("true", answer["Idempotency-Replayed"]);
                    Assert.Equal(taken.Job.Id, answer.Job.Id);
                    Assert.Equal(winner, sample);
                    break;
            }
        }

        return winner;
    }

    /// <summary>Each from a connection of its own, all at the same time.</summary>
    private static async Task<ApiAnswer[]> SendAllAsync(Field field, IEnumerable<Sample> samples)
    {
        TaskCompletionSource start = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<ApiAnswer>[] sending = [.. samples.Select(sample => SendAsync(field, sample, start.Task))];
        start.SetResult();
        return await Task.WhenAll(sending).Within("every client to be answered");
    }

    private static async Task<ApiAnswer> SendAsync(Field field, Sample sample, Task start)
    {
        using HttpClient http = new() { BaseAddress = field.Address };
        using ByteArrayContent body = new(sample.Body) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } };
        await start;
        return await new Api(http).UploadAsync(sample.Dataset, body, ("Idempotency-Key", sample.Key));
    }
}
