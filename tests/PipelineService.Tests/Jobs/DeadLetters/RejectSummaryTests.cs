using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.DeadLetters;

/// <summary>A job says what was wrong with its rejects, by code and field, exactly, whatever became of it.</summary>
public sealed class RejectSummaryTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """
        { "name": "id", "type": "integer", "constraints": { "required": true } },
        { "name": "amount", "type": "number", "constraints": { "minimum": 0 } }
        """;

    private static int _datasets;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task Counts_records_by_code_and_field(string commit)
    {
        string dataset = await DeclareAsync(commit);
        string good = string.Concat(Enumerable.Range(1, 2_000).Select(i => $"{i},1\n")); // some chunks

        JobView job = await service.LoadAsync(dataset, $"id,amount\nx,-1\nx,1\n,x\n{good}5,5\n6,6\n7\ny,2\n");

        Assert.Equal((JobState.PartiallySucceeded, 7), (job.State, (int)job.Records.Rejected));
        Assert.Equal(
            [
                new("type_mismatch", "id", 3), new("unique", "id", 2), new("minimum", "amount", 1), new("required", "id", 1),
                new("too_few_fields", null, 1), new("type_mismatch", "amount", 1),
            ],
            job.Rejects!.Groups);
        await EndedJob.AssertExactAndClearedAsync(service.Database, service.Service, job, dataset);
    }

    [Fact]
    public async Task Is_empty_where_nothing_was_rejected()
    {
        string dataset = await DeclareAsync("job");

        JobView job = await service.LoadAsync(dataset, "id,amount\n1,1\n");

        Assert.Equal((0, 0L), (job.Rejects!.Groups.Count, job.Rejects.Other));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Is_exact_for_a_job_that_failed_by_its_reject_limit(string commit)
    {
        string dataset = await DeclareAsync(commit, """, "rejects": { "maxCount": 300 }""");

        JobView job = await service.LoadAsync(
            dataset, "id,amount\n" + string.Concat(Enumerable.Range(1, 5_000).Select(i => i % 3 == 0 ? "x,-1\n" : $"{i},1\n")));

        Assert.Equal(JobState.Failed, job.State);
        Assert.True(job.Records.Rejected > 300);
        await EndedJob.AssertExactAndClearedAsync(service.Database, service.Service, job, dataset);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Is_there_while_the_job_runs_and_exact_when_it_is_cancelled(string commit)
    {
        string dataset = await DeclareAsync(commit);
        await using LoadGate gate = await LoadGate.CloseAsync(service.Database, dataset, id: 3_000);
        string data = "id,amount\nx,1\n" + string.Concat(Enumerable.Range(1, 5_000).Select(i => $"{i},{(i % 100 == 0 ? -1 : 1)}\n"));
        Guid id = (await service.Api.UploadAsync(dataset, data)).Job.Id;

        JobView running = await service.Api.WhenAsync(id, "at its second thousand", job => job.Records.Read > 1_000);
        Assert.Equal(JobState.Running, running.State);
        Assert.Equal(
            running.Records.Rejected, running.Rejects!.Groups.Sum(g => g.Records)); // one fault each
        Assert.Equal(["minimum", "type_mismatch"], running.Rejects.Groups.Select(g => g.Code));

        JobView cancelled = (await service.Api.CancelAsync(id)).Job;
        Assert.Equal(JobState.Cancelled, cancelled.State);
        await EndedJob.AssertExactAndClearedAsync(service.Database, service.Service, cancelled, dataset);
    }

    [Fact]
    public async Task Shows_the_most_frequent_and_counts_the_others()
    {
        string dataset = $"summed_{Interlocked.Increment(ref _datasets)}";
        string[] names = [.. Enumerable.Range(10, RejectsView.GroupsMax + 5).Select(i => $"c{i}")];
        await service.DeclareAsync(dataset, string.Join(", ", names.Select(name => $$"""{ "name": "{{name}}", "type": "integer" }""")));

        // Of each column one record more than of the one before is bad.
        IEnumerable<string> records = names.SelectMany((_, bad) => Enumerable.Repeat(
            string.Join(',', names.Select((_, column) => column == bad ? "x" : "1")), bad + 1));
        JobView job = await service.LoadAsync(dataset, $"{string.Join(',', names)}\n{string.Join('\n', records)}\n");

        Assert.Equal(names.Reverse().Take(RejectsView.GroupsMax), job.Rejects!.Groups.Select(g => g.Field));
        Assert.Equal(
            Enumerable.Range(6, RejectsView.GroupsMax).Reverse().Select(n => (long)n), job.Rejects.Groups.Select(g => g.Records));
        Assert.Equal(1 + 2 + 3 + 4 + 5, job.Rejects.Other);
    }

    [Fact]
    public async Task Is_not_claimed_for_a_job_that_nobody_counted()
    {
        string dataset = await DeclareAsync("job");
        JobView job = await service.LoadAsync(dataset, "id,amount\nx,1\n");
        await service.Database.ExecuteAsync($"UPDATE pipeline.jobs SET rejects = NULL WHERE id = '{job.Id}'");

        Assert.Null((await service.Api.GetAsync(job.Links.Self)).Job.Rejects);
    }

    /// <summary>What is written once is read with the row, however many rejects there are.</summary>
    [Fact]
    public async Task Costs_a_reader_nothing_whatever_the_number_of_rejects()
    {
        string dataset = await DeclareAsync("job");
        JobView job = await service.LoadAsync(dataset, "id,amount\nx,1\n");
        await service.Database.ExecuteAsync("ALTER TABLE pipeline.dead_letters RENAME TO dead_letters_away");
        try
        {
            ApiAnswer answer = await service.Api.GetAsync(job.Links.Self);

            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.Equal([new("type_mismatch", "id", 1)], answer.Job.Rejects!.Groups);
        }
        finally
        {
            await service.Database.ExecuteAsync("ALTER TABLE pipeline.dead_letters_away RENAME TO dead_letters");
        }
    }

    private async Task<string> DeclareAsync(string commit, string rest = "")
    {
        string dataset = $"summed_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, commit, schema: """, "primaryKey": ["id"]""", rest: rest);
        return dataset;
    }
}
