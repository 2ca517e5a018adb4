using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>
/// Headers as they come: read by the same rule as records, told in bounded size, and their job ends whatever they hold.
/// </summary>
public sealed class HeaderTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int LongName = 900_000;

    private static int _datasets;

    [Fact]
    public async Task UTF_16_is_no_header_and_the_job_ends()
    {
        JobView job = await LoadAsync(Encoding.Unicode.GetBytes("id,note\n1,a\n"));

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Contains("U+0000", job.Error!.Detail, StringComparison.Ordinal);
        Assert.Contains("UTF-16", job.Error.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,note1,a2,b", true)]
    [InlineData("id,not\n1,a\n", false)]
    public async Task A_header_that_is_all_there_is_may_have_lost_its_line_ends(string data, bool isAll)
    {
        JobView job = await LoadAsync(Encoding.UTF8.GetBytes(data));

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Equal(isAll, job.Error!.Detail!.Contains("--data-binary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Zeros_are_no_header_and_the_job_ends() =>
        Assert.Equal("header_mismatch", (await LoadAsync(new byte[1000])).Error?.Code);

    [Theory]
    [InlineData("\"id\", \"note\"\n1, \"a\"\n", "missing \"note\"; unknown \" \"note\"\"")]
    [InlineData("id,note 5\"\n1,a\n", "missing \"note\"; unknown \"note 5\"\"")]
    public async Task Quotes_that_open_no_field_are_part_of_the_name(string data, string fault)
    {
        JobView job = await LoadAsync(Encoding.UTF8.GetBytes(data));

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Contains(fault, job.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_with_a_quote_in_it_is_found_under_that_name()
    {
        string dataset = NextDataset();
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }, { "name": "note", "source": "a\"xb" }""");

        JobView job = await service.LoadAsync(dataset, "id,a\"xb\n1,c\"d\n");

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(["1 c\"d"], await service.RowsAsync($"SELECT id || ' ' || note FROM public.{dataset}"));
    }

    [Fact]
    public async Task A_name_as_long_as_a_record_makes_no_long_answer()
    {
        JobView job = await LoadAsync(Encoding.UTF8.GetBytes($"id,{new string('x', LongName)}\n1,a\n"));

        ApiAnswer answer = await service.Api.GetAsync($"/v1/jobs/{job.Id}");
        Assert.Equal("header_mismatch", answer.Job.Error?.Code);
        Assert.InRange(answer.Body.Length, 1, 4_000);
        Assert.Contains($"unknown \\\"{new string('x', 100)}…\\\"", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_name_that_is_not_loaded_is_kept_cut()
    {
        string dataset = NextDataset();
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }""", schema: """, "fieldsMatch": "subset" """);

        JobView job = await service.LoadAsync(dataset, $"{new string('x', LongName)},id\na,1\n");

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(
            ["257 id"],
            await service.RowsAsync($"""
                SELECT length(upload_columns[1]) || ' ' || upload_columns[2] FROM pipeline.jobs WHERE id = '{job.Id}'
                """));
    }

    /// <summary>As it was declared when names were matched with a header also where there is none.</summary>
    [Theory]
    [InlineData("equal")]
    [InlineData("subset")]
    [InlineData("superset")]
    [InlineData("partial")]
    public async Task An_older_version_without_a_header_goes_by_position_whatever_it_matches(string match)
    {
        string dataset = NextDataset();
        await service.Database.ExecuteAsync($$"""
            CREATE TABLE public.{{dataset}} (id bigint, note text);
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('{{dataset}}', 1, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('{{dataset}}', 1, '{
              "dialect": { "header": false },
              "schema": { "fields": [{ "name": "id", "type": "integer" }, { "name": "note" }], "fieldsMatch": "{{match}}" },
              "load": { "table": "public.{{dataset}}", "lineage": false } }', now())
            """);

        JobView job = await service.LoadAsync(dataset, "1,a\n2,b\n");

        Assert.Equal((JobState.Succeeded, 2L), (job.State, job.Records.Loaded));
        Assert.Equal(["1 a", "2 b"], await service.RowsAsync($"SELECT id || ' ' || note FROM public.{dataset} ORDER BY id"));
    }

    private async Task<JobView> LoadAsync(byte[] data)
    {
        string dataset = NextDataset();
        await service.DeclareAsync(dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""");
        JobView job = await service.LoadAsync(dataset, data, "text/csv");
        Assert.Equal(JobState.Failed, job.State);
        return job;
    }

    private static string NextDataset() => $"header_{Interlocked.Increment(ref _datasets)}";
}
