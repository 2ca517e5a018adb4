using System.Net;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.DeadLetters;

/// <summary>The rejected records of a job, by page and as streams.</summary>
public sealed class DeadLetterTests(DeadLetterTests.RejectingJob rejecting) : IClassFixture<DeadLetterTests.RejectingJob>
{
    private readonly Api _api = rejecting.Api;

    [Fact]
    public async Task Tells_of_each_rejected_record_where_it_was_and_what_was_wrong()
    {
        DeadLetterPage page = await ListAsync("");

        Assert.Equal([2, 3, 5], page.Items.Select(d => d.Record));
        Assert.Equal([3, 4, 6], page.Items.Select(d => d.Line));
        Assert.All(page.Items, d => Assert.Equal("open", d.State));
        Assert.All(page.Items, d => Assert.Equal(
            d.Raw, RejectingJob.Body.Substring((int)d.ByteOffset, d.Raw.Length)));
        Assert.Equal("much,2,=1+1", page.Items[0].Raw);
        DeadLetterError error = Assert.Single(page.Items[0].Errors);
        Assert.Equal(("amount", "type_mismatch", "much"), (error.Field, error.Code, error.Value));
        Assert.Equal(["required", "type_mismatch"], page.Items[2].Errors.Select(e => e.Code).Order());
        Assert.Null(page.NextCursor);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Pages_through_all_rejects_without_gap_or_repeat(int limit)
    {
        List<long> seen = [];
        string? cursor = null;
        do
        {
            DeadLetterPage page = await ListAsync($"?limit={limit}" + (cursor is null ? "" : $"&cursor={cursor}"));
            seen.AddRange(page.Items.Select(d => d.Record));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal([2, 3, 5], seen);
    }

    [Theory]
    [InlineData("?code=required", 3L, 5L)]
    [InlineData("?code=type_mismatch", 2L, 5L)]
    [InlineData("?field=amount", 2L, 5L)]
    [InlineData("?field=id", 3L, 5L)]
    [InlineData("?field=id&code=required&limit=1", 3L)]
    [InlineData("?field=name")]
    [InlineData("?code=unique")]
    public async Task Narrows_rejects_by_code_and_field(string query, params long[] records) =>
        Assert.Equal(records, (await ListAsync(query)).Items.Select(d => d.Record));

    [Theory]
    [InlineData("?limit=0", "/limit")]
    [InlineData("?cursor=xyz", "/cursor")]
    [InlineData("?code=bad_luck", "/code")]
    [InlineData("?bom=yes", "/bom")]
    [InlineData("?bom=true", "/bom")]
    public async Task Refuses_a_query_that_it_cannot_use(string query, string pointer)
    {
        ApiAnswer answer = await _api.GetAsync(rejecting.Job.Links.DeadLetters + query);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
    }

    [Fact]
    public async Task Streams_all_rejects_as_json_lines()
    {
        ApiAnswer answer = await _api.GetAsync(
            rejecting.Job.Links.DeadLetters + "?limit=1", ("Accept", "application/x-ndjson"));

        Assert.Equal("application/x-ndjson", answer["Content-Type"]);
        Assert.EndsWith("\n", answer.Body, StringComparison.Ordinal);
        DeadLetterView[] letters = [.. answer.Body.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<DeadLetterView>(line, PipelineJson.Options)!)];
        Assert.Equal([2, 3, 5], letters.Select(d => d.Record));
    }

    [Fact]
    public async Task Streams_all_rejects_as_csv_in_the_columns_of_the_upload_with_formulas_escaped()
    {
        ApiAnswer answer = await _api.GetAsync(rejecting.Job.Links.DeadLetters, ("Accept", "text/csv"));

        Assert.StartsWith("text/csv", answer["Content-Type"], StringComparison.Ordinal);
        string[] lines = answer.Body.Split("\r\n");
        Assert.Equal("amount,id,name,_raw,_record,_line,_field,_code,_message", lines[0]);
        Assert.StartsWith("much,2,'=1+1,,2,3,amount,type_mismatch,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("-3,,-3,,3,4,id,required,", lines[2], StringComparison.Ordinal); // a number is no formula
        Assert.Equal((5, ""), (lines.Length, lines[^1]));
    }

    [Theory]
    [InlineData("?bom=true", true)]
    [InlineData("?bom=false", false)]
    [InlineData("?bom=true&code=required", true)]
    public async Task Csv_begins_with_a_byte_order_mark_where_it_is_asked_for(string query, bool hasMark)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(rejecting.Job.Links.DeadLetters + query, UriKind.Relative))
        {
            Headers = { { "Accept", "text/csv" } },
        };
        using HttpResponseMessage answer = await rejecting.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        byte[] file = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.Equal(hasMark, file.AsSpan().StartsWith("\uFEFFamount,id"u8));
        Assert.Equal(!hasMark, file.AsSpan().StartsWith("amount,id"u8));
    }

    private async Task<DeadLetterPage> ListAsync(string query)
    {
        ApiAnswer answer = await _api.GetAsync(rejecting.Job.Links.DeadLetters + query);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Read<DeadLetterPage>();
    }

    /// <summary>A job with three rejects among five records, whose header is in another order than the schema.</summary>
    public sealed class RejectingJob(PostgresServer server) : RunningService(server)
    {
        public const string Body = "amount,id,name\n1,1,a\nmuch,2,=1+1\n-3,,-3\n4,4,d\nmore,,e\n";

        public JobView Job { get; private set; } = null!;

        protected override async Task PrepareAsync()
        {
            await Api.DeclareAsync("rejecting", Readings.Definition());
            Job = await Api.LoadAsync("rejecting", Body);
            Assert.Equal((JobState.PartiallySucceeded, new RecordsView(5, 2, 3, 0)), (Job.State, Job.Records));
        }
    }
}
