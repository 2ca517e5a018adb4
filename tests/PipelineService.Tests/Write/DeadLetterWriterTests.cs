using System.Text;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

/// <summary>Dead letters hold what was sent, whatever it was, in bounded size.</summary>
public sealed class DeadLetterWriterTests(SmallRawsService service) : IClassFixture<SmallRawsService>
{
    private const int ValueBytesMax = 256;

    private static int _datasets;

    [Fact]
    public async Task A_long_record_is_cut_and_marked()
    {
        JobView job = await LoadAsync("id,note\nx," + new string('y', 1000) + "\nz,short\n");

        Assert.Equal(
            [$"1 {SmallRawsService.RawBytesMax} true", "2 7 false"],
            await LettersAsync(job, "record || ' ' || length(raw) || ' ' || raw_truncated"));
    }

    [Fact]
    public async Task A_long_value_is_cut_and_ends_in_an_ellipsis()
    {
        JobView job = await LoadAsync($"id,note\n{new string('9', 1000)},a\n");

        string value = Assert.Single(await LettersAsync(job, "errors->0->>'value'"));
        Assert.Equal(new string('9', ValueBytesMax) + "…", value);
    }

    [Fact]
    public async Task A_value_is_cut_between_two_characters()
    {
        JobView job = await LoadAsync($"id,note\nx{new string('é', 300)},a\n");

        string value = Assert.Single(await LettersAsync(job, "errors->0->>'value'"));
        Assert.Equal($"x{new string('é', (ValueBytesMax - 1) / 2)}…", value);
    }

    [Fact]
    public async Task A_value_is_what_the_text_says_and_not_how_it_is_spelled()
    {
        JobView csv = await LoadAsync("id,note\n\"say \"\"hi\"\"\",a\n");
        JobView json = await LoadAsync("""{"id":"say \"hi\" \u00e9\n"}"""u8.ToArray(), "application/x-ndjson");

        Assert.Equal(["say \"hi\""], await LettersAsync(csv, "errors->0->>'value'"));
        Assert.Equal(["say \"hi\" é\n"], await LettersAsync(json, "errors->0->>'value'"));
    }

    [Fact]
    public async Task Of_many_bad_fields_sixteen_are_told_and_the_others_counted()
    {
        string dataset = NextDataset();
        IEnumerable<string> names = Enumerable.Range(0, 30).Select(i => $"c{i}");
        await service.DeclareAsync(
            dataset, string.Join(", ", names.Select(name => $$"""{ "name": "{{name}}", "type": "integer" }""")));

        JobView job = await service.LoadAsync(
            dataset, $"{string.Join(',', names)}\n{string.Join(',', Enumerable.Repeat("x", 30))}\n");

        Assert.Equal(
            ["17 c15 x more_errors * The record has 14 more errors, not told here."],
            await LettersAsync(job, """
                format('%s %s %s %s %s %s', jsonb_array_length(errors), errors->15->>'field', errors->15->>'value',
                       errors->16->>'code', coalesce(errors->16->>'field', '*'), errors->16->>'message')
                """));
    }

    [Fact]
    public async Task Nul_characters_stay_in_the_raw_bytes_and_are_replaced_in_the_value()
    {
        JobView job = await LoadAsync("id,note\n1,a\0b\n2,good\n");

        Assert.Equal(1, job.Records.Loaded);
        Assert.Equal(
            ["nul_character note a\uFFFDb 312c610062"],
            await LettersAsync(job, $"{Error} || ' ' || encode(raw, 'hex')"));
    }

    [Fact]
    public async Task Invalid_UTF_8_stays_in_the_raw_bytes_as_it_came()
    {
        byte[] data = [.. "id,note\n1,"u8, 0xC3, 0x28, (byte)'\n', .. "2,good\n"u8];

        JobView job = await LoadAsync(data);

        Assert.Equal(1, job.Records.Loaded);
        Assert.Equal(
            ["invalid_utf8 note \uFFFD( 312cc328"], await LettersAsync(job, $"{Error} || ' ' || encode(raw, 'hex')"));
    }

    [Fact]
    public async Task Byte_offsets_point_into_the_upload()
    {
        string data = "id,note\n" + string.Concat(Enumerable.Range(1, 2000).Select(i => $"{(i % 100 == 0 ? "bad" : i)},é\n"));
        byte[] bytes = Encoding.UTF8.GetBytes(data);

        JobView job = await LoadAsync(bytes);

        string[] offsets = await LettersAsync(job, "byte_offset::text");
        Assert.Equal(20, offsets.Length);
        Assert.All(offsets, offset => Assert.Equal("bad,é"u8, bytes.AsSpan(int.Parse(offset), 6)));
    }

    [Fact]
    public async Task An_unterminated_quote_costs_its_line_and_no_neighbour()
    {
        JobView job = await LoadAsync("id,note\n1,a\n2,\"open\n3,c\n4,d\n");

        Assert.Equal(3, job.Records.Loaded);
        Assert.Equal(["2:3 unterminated_quote * 2,\"open"], await service.DeadLettersAsync(job));
    }

    [Fact]
    public async Task A_record_over_the_limit_costs_itself_and_keeps_only_its_own_bytes()
    {
        JobView job = await LoadAsync("id,note\n1,a\n2," + new string('x', 1100) + "\n3,c\n");

        Assert.Equal(2, job.Records.Loaded);
        Assert.Equal(
            [$"2:3 record_too_long * 2,{new string('x', SmallRawsService.RawBytesMax - 2)}"], await service.DeadLettersAsync(job));
    }

    private const string Error = "(errors->0->>'code') || ' ' || (errors->0->>'field') || ' ' || (errors->0->>'value')";

    private Task<string[]> LettersAsync(JobView job, string expression) =>
        service.RowsAsync($"SELECT {expression} FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record");

    private Task<JobView> LoadAsync(string data) => LoadAsync(Encoding.UTF8.GetBytes(data));

    private async Task<JobView> LoadAsync(byte[] data, string contentType = "text/csv")
    {
        string dataset = NextDataset();
        await service.DeclareAsync(dataset, """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""");
        return await service.LoadAsync(dataset, data, contentType);
    }

    private static string NextDataset() => $"rejected_{Interlocked.Increment(ref _datasets)}";
}

/// <summary>Keeps little of a rejected record, and takes none over 1 KiB.</summary>
public sealed class SmallRawsService(PostgresServer server) : LoadingService(server)
{
    public const int RawBytesMax = 256;

    protected override IEnumerable<(string Key, string? Value)> Settings =>
        [.. base.Settings, ("Transform:RawBytesMax", $"{RawBytesMax}"), ("Spool:RecordBytesMax", "1024")];
}
