using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Client;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Client;

/// <summary>The client's calls against the service, as a program that uses it makes them.</summary>
public sealed class PipelineClientTests(RunningService running) : IClassFixture<RunningService>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Declares_uploads_follows_and_reads_what_was_rejected()
    {
        PipelineClient client = new(running.Service.Client);
        await client.DeclareAsync("client_readings", Definition(), Cancellation);
        using StringContent body = new("id,value\n1,1.5\n2,much\n3,2\n", Encoding.UTF8, "text/csv");

        ObservedJob job = await client.UploadAsync("client_readings", body, waitSeconds: 0, Cancellation);
        List<JobState> seen = [];
        job = await client.FollowAsync(job, j => seen.Add(j.State), Cancellation);

        Assert.Equal((JobState.PartiallySucceeded, new RecordCounts(3, 2, 1, 0)), (job.State, job.Records));
        Assert.All(seen.SkipLast(1), state => Assert.False(state.IsFinal()));
        List<ObservedDeadLetter> rejects = [];
        await foreach (ObservedDeadLetter reject in client.DeadLettersAsync(job.Id, Cancellation))
        {
            rejects.Add(reject);
        }

        ObservedDeadLetter only = Assert.Single(rejects);
        Assert.Equal((2, 3), (only.Record, only.Line));
        Assert.Equal(("value", "type_mismatch", "much"), Assert.Single(only.Errors) is var error ? (error.Field, error.Code, error.Value) : default);
    }

    [Fact]
    public async Task Says_what_the_service_answered_when_it_refuses()
    {
        PipelineClient client = new(running.Service.Client);
        using StringContent body = new("id\n1\n", Encoding.UTF8, "text/csv");

        PipelineClientException refusal = await Assert.ThrowsAsync<PipelineClientException>(
            () => client.UploadAsync("client_unknown", body, waitSeconds: 0, Cancellation));

        Assert.Contains("404", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("dataset_not_found", refusal.Message, StringComparison.Ordinal);
    }

    private static JsonObject Definition() => JsonNode.Parse("""
        {
          "schema": { "fields": [ { "name": "id", "type": "integer" }, { "name": "value", "type": "number" } ] },
          "load": { "table": "public.client_readings" }
        }
        """)!.AsObject();
}
