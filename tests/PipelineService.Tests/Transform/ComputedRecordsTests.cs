using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>Definitions that compute, from their declaration to rows, counts and dead letters.</summary>
public sealed class ComputedRecordsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """
        { "name": "id", "type": "integer" }, { "name": "fare", "type": "number" }, { "name": "km", "type": "number" },
        { "name": "starts", "type": "datetime" }, { "name": "ends", "type": "datetime", "source": "ends at" }
        """;

    private const string Transforms = """
        , "transforms": [
          { "op": "trim", "fields": ["*"] },
          { "op": "filter", "expression": "fare > 0", "name": "paid_only" },
          { "op": "derive", "field": "per_km", "type": "number", "sqlType": "numeric(10,2)", "expression": "fare / km" },
          { "op": "derive", "field": "minutes", "type": "integer", "expression": "date_diff(\u0027minute\u0027, starts, ends)", "onError": "null" },
          { "op": "require", "expression": "ends >= starts", "code": "ends_before_start", "message": "The trip ends before it starts." },
          { "op": "derive", "field": "origin", "expression": "source() || \u0027:\u0027 || cast(record() as text)" },
          { "op": "derive", "field": "job", "sqlType": "uuid", "expression": "job_id()" },
          { "op": "derive", "field": "came_at", "type": "datetime", "expression": "received_at()" } ]
        """;

    private const string Data = """
        id,fare,km,starts,ends at
        1, 10 ,3,2026-01-01T10:00:00Z,2026-01-01T10:30:00Z
        2,0,3,2026-01-01T10:00:00Z,2026-01-01T10:30:00Z
        3,10,"0",2026-01-01T10:00:00Z,2026-01-01T10:30:00Z
        4,10,3,2026-01-01T10:00:00Z,2026-01-01T09:30:00Z
        x,ten,3,soon,2026-01-01T10:30:00Z
        6,,,,
        7,5,2,,

        """;

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task Records_are_computed_left_out_and_rejected(string commit)
    {
        string dataset = $"computed_{commit}";
        await service.DeclareAsync(dataset, Fields, commit, rest: Transforms);

        JobView job = await LoadAsync(dataset);

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(7, 2, 3, 2)), (job.State, job.Records));
        Assert.Equal(
            [$"1 3.33 30 acme:1 {job.Id} t", $"7 2.50 ~ acme:7 {job.Id} t"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', id, per_km, coalesce(minutes::text, '~'), origin, job, came_at = (SELECT created_at FROM pipeline.jobs j WHERE j.id = job))
                FROM {dataset} ORDER BY id
                """));
        Assert.Equal(
            ["3 expression per_km", "4 ends_before_start *", "5 type_mismatch fare"],
            await service.RowsAsync($"""
                SELECT format('%s %s %s', record, errors->0->>'code', coalesce(errors->0->>'field', '*'))
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
                """));
        Assert.Equal(
            [("ends_before_start", null, 1), ("expression", "per_km", 1), ("type_mismatch", "fare", 1), ("type_mismatch", "id", 1), ("type_mismatch", "starts", 1)],
            (await RejectsAsync(job)).Select(group => (group.Code, group.Field, (int)group.Records)));
    }

    [Fact]
    public async Task A_dead_letter_tells_what_was_computed_with()
    {
        await service.DeclareAsync("computed_letters", Fields, rest: Transforms);
        JobView job = await LoadAsync("computed_letters");
        string letters = $"/v1/jobs/{job.Id}/dead-letters";

        DeadLetterPage page = (await service.Api.GetAsync(letters)).Read<DeadLetterPage>();

        DeadLetterError division = Assert.Single(page.Items[0].Errors);
        Assert.Equal(("per_km", "expression", "Division by zero.", null, 2), (division.Field, division.Code, division.Message, division.Value, division.Op));
        Assert.Equal([new("km", "0"), new("fare", "10")], division.Inputs!.OrderByDescending(input => input.Key));
        DeadLetterError order = Assert.Single(page.Items[1].Errors);
        Assert.Equal((null, "ends_before_start", "The trip ends before it starts.", null, 4), (order.Field, order.Code, order.Message, order.Value, order.Op));
        Assert.Equal("2026-01-01T09:30:00Z", order.Inputs!["ends"]);
        Assert.Equal(["fare", "id", "starts"], page.Items[2].Errors.Select(error => error.Field).Order());
        Assert.All(page.Items[2].Errors, error => Assert.Null(error.Op));

        DeadLetterPage own = (await service.Api.GetAsync($"{letters}?code=ends_before_start")).Read<DeadLetterPage>();
        Assert.Equal([4], own.Items.Select(letter => letter.Record));
        Assert.Equal(HttpStatusCode.BadRequest, (await service.Api.GetAsync($"{letters}?code=starts_before_end")).Status);
        string csv = (await service.Api.GetAsync(letters, ("Accept", "text/csv"))).Body;
        Assert.Contains(",4,5,,ends_before_start,The trip ends before it starts.", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_of_the_definition_see_what_is_computed()
    {
        const string Tests = """
            , "tests": [
              { "record": { "id": 1, "fare": 10, "km": 4 }, "row": { "per_km": 2.5, "origin": null, "minutes": null } },
              { "record": { "fare": 0 }, "filtered": "paid_only" },
              { "record": { "fare": 1, "km": 0 }, "rejected": "expression" },
              { "record": { "fare": 1, "km": 1, "starts": "2026-01-02T00:00:00Z", "ends at": "2026-01-01T00:00:00Z" }, "rejected": "ends_before_start" },
              { "record": { "fare": "ten" }, "rejected": "type_mismatch" }
            """;
        await service.DeclareAsync("computed_tests", Fields, rest: $"{Transforms}{Tests} ]");

        using StringContent failing = new($$"""
            { "schema": { "fields": [{{Fields}}] }{{Transforms}}{{Tests}},
              { "record": { "fare": 1, "km": 1, "starts": "2026-01-02T00:00:00Z", "ends at": "2026-01-01T00:00:00Z" }, "row": {} } ] }
            """, System.Text.Encoding.UTF8, "application/json");
        ApiAnswer refused = await service.Api.PutAsync("/v1/datasets/computed_tests", failing);

        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("it was rejected: ends_before_start: The trip ends before it starts.", refused.Body, StringComparison.Ordinal);
    }

    private async Task<JobView> LoadAsync(string dataset)
    {
        using StringContent body = new(Data, System.Text.Encoding.UTF8, "text/csv");
        ApiAnswer answer = await service.Api.PostAsync($"/v1/datasets/{dataset}/uploads?source=acme", body);
        return await service.Api.WhenFinalAsync(answer.Job.Id);
    }

    private async Task<IReadOnlyList<RejectGroup>> RejectsAsync(JobView job) =>
        (await service.Api.GetAsync($"/v1/jobs/{job.Id}")).Job.Rejects!.Groups;
}
