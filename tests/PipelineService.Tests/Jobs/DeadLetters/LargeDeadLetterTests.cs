using System.Text;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.DeadLetters;

/// <summary>Long rejected records: whole where they are streamed, in pages cut and marked, and no page of many is large.</summary>
public sealed class LargeDeadLetterTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int PageBytesMax = 4 << 20;

    [Fact]
    public async Task A_page_ends_before_it_is_large_and_the_next_goes_on()
    {
        JobView job = await DeclareAndLoadAsync("large_pages", "1,good");
        await service.Database.ExecuteAsync(
            $"""
            INSERT INTO pipeline.dead_letters (job_id, record, line, byte_offset, errors, raw)
            SELECT '{job.Id}', record, record, 0, jsonb_build_array(jsonb_build_object(
                'field', 'id', 'code', 'type_mismatch', 'message', 'no integer', 'value', 'x')), convert_to(repeat('x', 100000), 'UTF8')
            FROM generate_series(1, 600) record
            """);
        List<long> seen = [];
        string? cursor = null;
        do
        {
            DeadLetterPage page = await PageAsync(job, $"?limit=1000{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.InRange(page.Items.Sum(d => d.Raw.Length), 1, PageBytesMax);
            Assert.All(page.Items, d => Assert.True(d.RawTruncated));
            seen.AddRange(page.Items.Select(d => d.Record));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(1, 600).Select(i => (long)i), seen);
    }

    [Theory]
    [InlineData("large_ascii", "x", 20_000)]
    [InlineData("large_accents", "é", 10_000)]
    public async Task A_long_record_is_cut_between_characters_in_a_page_and_whole_in_the_streams(string dataset, string letter, int count)
    {
        string record = "x," + string.Concat(Enumerable.Repeat(letter, count));
        JobView job = await DeclareAndLoadAsync(dataset, record, "y,short");

        DeadLetterPage page = await PageAsync(job, "");
        Assert.Equal([true, false], page.Items.Select(d => d.RawTruncated));
        Assert.StartsWith(page.Items[0].Raw, record, StringComparison.Ordinal);
        Assert.InRange(
            Encoding.UTF8.GetByteCount(page.Items[0].Raw), DeadLetterStore.PageRawBytesMax - 1, DeadLetterStore.PageRawBytesMax);
        Assert.Null(page.Items[0].RawBase64);

        ApiAnswer lines = await service.Api.GetAsync(job.Links.DeadLetters, ("Accept", "application/x-ndjson"));
        Assert.Contains($"\"raw\":\"{record}\",\"rawTruncated\":false", lines.Body, StringComparison.Ordinal);
        Assert.Contains($"\r\n{record},,1,2,", await service.DownloadAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_record_over_the_limit_keeps_a_beginning_that_cannot_be_taken_for_all_of_it()
    {
        JobView job = await DeclareAndLoadAsync("large_too_long", $"1,{new string('x', 1 << 20)}");

        string file = await service.DownloadAsync(job);

        string beginning = "1," + new string('x', DeadLetterStore.PageRawBytesMax - 2);
        Assert.Contains($"\r\n1,,\"{beginning}…\",1,2,,record_too_long,", file, StringComparison.Ordinal);
        JobView again = await service.LoadAsync(job.Dataset, file);
        Assert.Equal(new RecordsView(1, 0, 1, 0), again.Records);
        string letter = Assert.Single(await service.DeadLettersAsync(again));
        Assert.StartsWith("1:2 unmended *", letter, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_get_no_cells_while_their_header_is_not_known()
    {
        JobView job = await DeclareAndLoadAsync("large_unknown_header", "x,note");
        await service.Database.ExecuteAsync($"UPDATE pipeline.jobs SET upload_columns = NULL WHERE id = '{job.Id}'");

        Assert.Contains("\r\n,,\"x,note\",1,2,id,type_mismatch,", await service.DownloadAsync(job), StringComparison.Ordinal);
    }

    private async Task<DeadLetterPage> PageAsync(JobView job, string query) =>
        (await service.Api.GetAsync(job.Links.DeadLetters + query)).Read<DeadLetterPage>();

    private async Task<JobView> DeclareAndLoadAsync(string dataset, params string[] records)
    {
        await service.DeclareAsync(dataset, """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""");
        return await service.LoadAsync(dataset, $"id,note\n{string.Join('\n', records)}\n");
    }
}
