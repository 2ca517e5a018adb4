using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Records whose last fields are left out, or that have more than the header says: loaded where the dialect says so.</summary>
public sealed class RaggedRowTests(LoadingService service) : IClassFixture<LoadingService>
{
    /// <summary>In the shape of the releases in Debian's distro-info-data: a date for each kind of support that a release has had.</summary>
    private const string Releases = """
        version,codename,series,created,release,eol,eol-server,eol-esm
        4.10,Brave Bear,brave,2004-03-05,2004-10-20,2006-04-30
        6.06 LTS,Calm Cat,calm,2005-10-12,2006-06-01,2009-07-14,2011-06-01
        6.10,Dull Dog,dull,2006-06-01,2006-10-26
        8.04 LTS,"Early, Egret",early,2007-10-18,2008-04-24,2011-05-12,2013-05-09,2015-05-09
        8.10,Fair Fox

        9.04
        """;

    private const string Fields = """
        { "name": "version", "type": "string" }, { "name": "codename", "type": "string" }, { "name": "series", "type": "string" },
        { "name": "created", "type": "date" }, { "name": "release", "type": "date" }, { "name": "eol", "type": "date" },
        { "name": "eol-server", "type": "date" }, { "name": "eol-esm", "type": "date" }
        """;

    private static int _datasets;

    [Fact]
    public async Task A_file_with_fields_left_out_is_loaded_whole()
    {
        string table = await DeclareAsync("pad");

        JobView job = await service.LoadAsync(table, Releases + "\n");

        Assert.Equal((JobState.Succeeded, new RecordsView(6, 6, 0, 0)), (job.State, job.Records));
        Assert.Equal(
            ["1 4.10 2006-04-30 -", "2 6.06 LTS 2009-07-14 -", "3 6.10 - -", "4 8.04 LTS 2011-05-12 2015-05-09", "5 8.10 - -", "6 9.04 - -"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', _record, version, coalesce(eol::text, '-'), coalesce("eol-esm"::text, '-')) FROM {table} ORDER BY _record
                """));
    }

    [Fact]
    public async Task Without_a_word_in_the_dialect_both_numbers_are_told()
    {
        string table = await DeclareAsync("reject");

        JobView job = await service.LoadAsync(table, Releases + ",,,,,,,,\n");

        Assert.Equal(new RecordsView(6, 1, 5, 0), job.Records);
        Assert.Equal(
            [
                "1 too_few_fields The record has 6 fields where 8 are expected.", "2 too_few_fields The record has 7 fields where 8 are expected.",
                "3 too_few_fields The record has 5 fields where 8 are expected.", "5 too_few_fields The record has 2 fields where 8 are expected.",
                "6 too_many_fields The record has 9 fields where 8 are expected.",
            ],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', record, errors->0->>'code', errors->0->>'message') FROM pipeline.dead_letters
                WHERE job_id = '{job.Id}' ORDER BY record
                """));
    }

    [Fact]
    public async Task A_padded_record_that_is_at_fault_is_mended_by_its_cells()
    {
        string table = await DeclareAsync("padAndTrim", """, "missingValues": ["NA"]""");

        JobView job = await service.LoadAsync(
            table,
            "version,codename,series,created,release,eol,eol-server,eol-esm\n1,A,a,soon,2001-01-01\n2,B,b,soon,NA,NA,NA,NA,more,still more\n3\n");
        JobView mended = await service.MendAsync(job, ("soon", "2000-01-01"));

        Assert.Equal(new RecordsView(3, 1, 2, 0), job.Records);
        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (mended.State, mended.Records));
        Assert.Equal(
            ["1 2001-01-01 -", "2 - -", "3 - -"],
            await service.RowsAsync($"""
                SELECT concat_ws(' ', version, coalesce(release::text, '-'), coalesce(eol::text, '-')) FROM {table} ORDER BY version
                """));
    }

    /// <summary>A default belongs to a column that the upload does not have; a field that is left out is one without a value.</summary>
    [Fact]
    public async Task A_field_that_is_left_out_is_null_and_takes_no_default()
    {
        await service.Database.ExecuteAsync("CREATE TABLE public.ragged_default (a text, b text DEFAULT 'new', _job_id uuid, _record bigint)");
        await service.DeclareAsync(
            "ragged_default",
            """{ "name": "a", "type": "string" }, { "name": "b", "type": "string" }""",
            schema: """, "fieldsMatch": "superset" """,
            rest: """, "dialect": { "raggedRows": "pad" }""");

        await service.LoadAsync("ragged_default", "a,b\n1,x\n2\n");
        await service.LoadAsync("ragged_default", "a\n3\n");

        Assert.Equal(["1 x", "2 -", "3 new"], await service.RowsAsync("SELECT a || ' ' || coalesce(b, '-') FROM ragged_default ORDER BY a"));
    }

    [Fact]
    public async Task Records_without_a_header_are_padded_too()
    {
        string table = $"ragged_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            table,
            """{ "name": "a", "type": "string" }, { "name": "b", "type": "integer", "constraints": { "required": true } }, { "name": "c" }""",
            rest: """, "dialect": { "header": false, "delimiter": ";", "raggedRows": "padAndTrim" }""");

        JobView job = await service.LoadAsync(table, Encoding.UTF8.GetBytes("x;1\ny\nz;2;3;4\n"), "text/csv");

        Assert.Equal(["2:2 required b y"], await service.DeadLettersAsync(job));
        Assert.Equal(["x 1 -", "z 2 3"], await service.RowsAsync($"SELECT concat_ws(' ', a, b, coalesce(c, '-')) FROM {table} ORDER BY a"));
    }

    private async Task<string> DeclareAsync(string ragged, string schema = "")
    {
        string table = $"ragged_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(table, Fields, schema: schema, rest: $$""", "dialect": { "raggedRows": "{{ragged}}" }""");
        return table;
    }
}
