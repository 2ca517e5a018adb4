using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Data in other dialects, from the upload to the row and the dead letter.</summary>
public sealed class DialectLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private static int _datasets;

    [Theory]
    [InlineData("""{ "delimiter": "||" }""", "id||note\n1||a|b\n2||\"c||d\"\n", "1:a|b 2:c||d")]
    [InlineData("""{ "lineTerminator": ";" }""", "id,note;1,a\nb;2,c;", "1:a\nb 2:c")]
    [InlineData("""{ "quoteChar": "" }""", "id,note\n1,\"a\n2,b\"\"\n", "1:\"a 2:b\"\"")]
    [InlineData("""{ "quoteChar": "\u0027", "doubleQuote": false }""", "id,note\n1,'a,b'\n2,c''\n", "1:a,b 2:c''")]
    [InlineData("""{ "escapeChar": "\\" }""", "id,note\n1,a\\,b\\\nc\n2,\"d\\\"e\"\n", "1:a,b\nc 2:d\"e")]
    [InlineData("""{ "skipInitialSpace": true }""", "id, note\n1,   \"a, b\"\n  2, c \n", "1:a, b 2:c ")]
    [InlineData("""{ "nullSequence": "\\N" }""", "id,note\n1,\\N\n2,\"\\N\"\n", "1:~ 2:\\N")]
    [InlineData("""{ "nullSequence": "" }""", "id,note\n1,\n2,\"\"\n", "1:~ 2:")]
    [InlineData("""{ "commentChar": "#" }""", "\uFEFF# by hand\n\nid,note\n#1,x\n1,#a\n# \"\n2,b", "1:#a 2:b")]
    [InlineData("""{ "headerRows": [2, 3], "commentRows": [4] }""", "Report\nid,note\n,text\nunits,\n1,a\n", "1:a")]
    [InlineData("""{ "header": false, "commentRows": [1] }""", "anything\n1,a\n", "1:a")]
    [InlineData("""{ "headerMatch": "caseInsensitive" }""", " NOTE text ,Id\na,1\n", "1:a")]
    public async Task Is_loaded_as_what_it_says(string dialect, string data, string rows)
    {
        string dataset = await DeclareAsync(dialect);

        JobView job = await service.LoadAsync(dataset, data);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        string[] loaded = await service.RowsAsync($"SELECT concat(id, ':', coalesce(note, '~')) FROM public.{dataset} ORDER BY id");
        Assert.Equal(rows, string.Join(' ', loaded));
    }

    /// <summary>A dead letter has the record as it was sent, and its value as it reads.</summary>
    [Theory]
    [InlineData("""{ "delimiter": "||", "escapeChar": "\\", "quoteChar": "" }""", "id||note\nx\\|y||b\\\nc\n2||b\n", "x\\|y||b\\\nc", "x|y")]
    [InlineData("""{ "lineTerminator": "~~", "quoteChar": "\u0027" }""", "id,note~~'x''~~y',\n~~2,b~~", "'x''~~y',\n", "x'~~y")]
    [InlineData("""{ "commentChar": "#", "nullSequence": "-" }""", "#\nid,note\n#\n  ,-\n2,b\n", "  ,-", "  ")]
    public async Task A_dead_letter_has_what_was_sent(string dialect, string data, string raw, string value)
    {
        JobView job = await service.LoadAsync(await DeclareAsync(dialect), data);

        Assert.Equal(new RecordsView(2, 1, 1, 0), job.Records);
        Assert.Equal(
            [$"{raw}~{value}"],
            await service.RowsAsync($"""
                SELECT concat(convert_from(raw, 'UTF8'), '~', errors->0->>'value') FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
    }

    /// <summary>Chunks are as small as they can be: what stands at their edges stands there in every way.</summary>
    [Theory]
    [InlineData("""{ "delimiter": "<>", "lineTerminator": "\r\r\n", "quoteChar": "“", "commentChar": "<!--" }""", "<>", "\r\r\n", "“")]
    [InlineData("""{ "delimiter": "\t", "quoteChar": "", "escapeChar": "\\", "nullSequence": "\\N" }""", "\t", "\n", "\\")]
    public async Task However_it_is_cut_every_record_is_loaded_once(string dialect, string delimiter, string lineEnd, string mark)
    {
        const int Records = 20_000;
        StringBuilder data = new($"id{delimiter}note{lineEnd}");
        for (int id = 1; id <= Records; id++)
        {
            string note = mark == "\\" ? $"a\\{delimiter}\\\n{id}" : $"{mark}a{delimiter}{lineEnd}{mark}{mark}{id}{mark}";
            data.Append(id).Append(delimiter).Append(note).Append(lineEnd);
            data.Append(id % 7 == 0 && mark != "\\" ? $"<!-- {mark}{lineEnd}" : "");
        }

        string dataset = await DeclareAsync(dialect);
        JobView job = await service.LoadAsync(dataset, data.ToString());

        Assert.Equal(new RecordsView(Records, Records, 0, 0), job.Records);
        Assert.Equal(
            Records, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE note LIKE '%' || id AND note LIKE 'a%'"));
    }

    [Theory]
    [InlineData("""{ "delimiter": "||" }""", "header_mismatch", "looks delimited by \",\" and not by \"||\"", "id,note\n1,a\n")]
    [InlineData("""{ "lineTerminator": ";" }""", "header_mismatch", "leave dialect.lineTerminator out", "id,note\n1,a\n")]
    [InlineData("{ }", "header_mismatch", "dialect.headerMatch \"caseInsensitive\"", "ID,Note\n1,a\n")]
    [InlineData("{ }", "header_mismatch", "set dialect.commentChar to \"#\"", "# x\nid,note\n1,a\n")]
    [InlineData("""{ "headerRows": [3] }""", "header_mismatch", "The data ends before row 3, which dialect.headerRows names.", "id,note\n1,a\n")]
    [InlineData("""{ "commentChar": "#" }""", "header_mismatch", "there are only comments", "#\n#")]
    [InlineData("""{ "headerMatch": "caseInsensitive" }""", "header_mismatch", "more than once \"id\"", "id,ID,note text\n1,2,a\n")]
    public async Task A_header_that_does_not_fit_says_what_to_set(string dialect, string code, string advice, string data)
    {
        JobView job = await service.LoadAsync(await DeclareAsync(dialect), data);

        Assert.Equal(code, job.Error?.Code);
        Assert.Contains(advice, job.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comment_over_the_limit_is_rejected_as_a_record_would_be()
    {
        string dataset = await DeclareAsync("""{ "commentChar": "#", "escapeChar": "\\" }""");
        string data = $"id,note\n1,a\n#{new string('x', 2 << 20)}\n2,b\n{new string('y', 2 << 20)}\\\n{new string('z', 100)}\n3,c\n";

        JobView job = await service.LoadAsync(dataset, data);

        Assert.Equal(new RecordsView(5, 3, 2, 0), job.Records);
        Assert.Equal(
            ["2:3 record_too_long", "4:5 record_too_long"],
            (await service.DeadLettersAsync(job)).Select(letter => letter[..letter.IndexOf(" *", StringComparison.Ordinal)]));
    }

    private async Task<string> DeclareAsync(string dialect)
    {
        string dataset = $"dialect_{Interlocked.Increment(ref _datasets)}";
        bool isLong = dialect.Contains("headerRows\": [2", StringComparison.Ordinal) || dialect.Contains("headerMatch", StringComparison.Ordinal);
        await service.DeclareAsync(
            dataset,
            $$"""{ "name": "id", "type": "integer" }, { "name": "note", "type": "string", "source": "{{(isLong ? "note text" : "note")}}" }""",
            schema: ", \"missingValues\": []",
            rest: $", \"dialect\": {dialect}");
        return dataset;
    }
}
