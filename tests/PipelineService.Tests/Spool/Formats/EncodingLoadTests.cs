using System.Globalization;
using System.Net;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Text in other encodings, declared or announced: from the upload to the row, and to the dead letter and back.</summary>
public sealed class EncodingLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    /// <summary>So many that they are several chunks.</summary>
    private const int Records = 600;

    private static int _datasets;

    public static TheoryData<string, string, int> Encodings => new()
    {
        { "windows-1252", "Žižkov € „quoted“, façade", 1252 },
        { "iso-8859-15", "Ça coûte 5 €", 28605 },
        { "windows-1251", "Съешь же ещё этих мягких булок", 1251 },
        { "koi8-r", "Съешь же ещё", 20866 },
        { "ibm850", "Größe ½", 850 },
        { "shift_jis", "表示ソ、ｶﾅ能力", 932 },
        { "gb18030", "汉字𠀀€ü", 54936 },
        { "big5", "許功蓋", 950 },
        { "euc-kr", "똠방각하", 949 },
        { "utf-16le", "日本 😀 ü", 1200 },
        { "utf-16be", "日本 😀 ü", 1201 },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public async Task Is_loaded_as_what_it_says_whether_declared_or_announced(string name, string text, int codePage)
    {
        byte[] data = CharsetOf(codePage).GetBytes(Csv(text));
        string declared = await DeclareAsync(name), announced = await DeclareAsync("utf-8");

        JobView byDefinition = await service.LoadAsync(declared, data, "text/csv");
        JobView byCharset = await service.LoadAsync(announced, data, $"text/csv; charset={name.ToUpperInvariant()}");

        Assert.Equal((JobState.Succeeded, JobState.Succeeded), (byDefinition.State, byCharset.State));
        foreach (string dataset in (string[])[declared, announced])
        {
            Assert.Equal(
                [$"{Records} {text} 1"],
                await service.RowsAsync($"SELECT concat_ws(' ', count(*), min(note), count(DISTINCT note)) FROM public.{dataset}"));
        }
    }

    [Fact]
    public async Task What_is_compressed_is_transcoded_behind_that()
    {
        string dataset = await DeclareAsync("utf-16", ", \"compression\": \"gzip\"");
        byte[] data = [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Csv("ü"))];

        JobView job = await service.LoadAsync(dataset, Compressed.Gzip(data), "text/csv");

        Assert.Equal((JobState.Succeeded, Records), (job.State, job.Records.Loaded));
    }

    [Fact]
    public async Task JSON_may_be_UTF_16()
    {
        string dataset = await DeclareAsync("utf-8");

        JobView lines = await service.LoadAsync(
            dataset, Encoding.Unicode.GetBytes("{\"id\":1,\"note\":\"ü\"}\n{\"id\":2,\"note\":\"😀\"}\n"), "application/x-ndjson; charset=utf-16le");
        JobView document = await service.LoadAsync(
            dataset, [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("[{\"id\":3,\"note\":\"ö\"}]")], "application/json; charset=utf-16");
        JobView broken = await service.LoadAsync(
            dataset, Encoding.Unicode.GetBytes("[{\"id\":4,\"note\":\"ä\"} x]"), "application/json; charset=utf-16le");

        Assert.Equal((2L, 1L), (lines.Records.Loaded, document.Records.Loaded));
        Assert.Equal(["1ü", "2😀", "3ö"], await service.RowsAsync($"SELECT concat(id, note) FROM public.{dataset} ORDER BY id"));
        Assert.Contains("at byte 42 ", broken.Error?.Detail, StringComparison.Ordinal);
    }

    /// <summary>In a chunk that is not the first, with records before it whose characters have other lengths in UTF-8.</summary>
    [Theory]
    [InlineData("windows-1252", "ü", 1252, "81", "The byte 0x81 at byte {0} of the data is no character of windows-1252.", "job")]
    [InlineData("iso-8859-1", "ü", 28591, "80", "is no character of iso-8859-1. Where that has control characters, windows-1252", "chunk")]
    [InlineData("shift_jis", "表ｶ", 932, "81", "The byte 0x81 at byte {0} of the data is no character of shift_jis.", "chunk")]
    [InlineData("gb18030", "汉ü€", 54936, "81FF", "The bytes 0x81 0xFF at byte {0} of the data are no character of gb18030.", "job")]
    [InlineData("utf-16le", "😀ü", 1200, "3DD8", "The bytes 0x3D 0xD8 at byte {0} of the data are no character of utf-16le.", "job")]
    public async Task Wrong_bytes_cost_their_record_and_say_where_they_are(
        string name, string text, int codePage, string wrong, string message, string commit)
    {
        Encoding charset = CharsetOf(codePage);
        string before = Csv(text), damaged = $"{Records + 1},{text}";
        byte[] data =
        [
            .. charset.GetBytes($"{before}{damaged}"), .. Convert.FromHexString(wrong),
            .. charset.GetBytes($"\r\n{Records + 2},{text}\r\n"),
        ];
        int start = charset.GetByteCount(before), at = charset.GetByteCount($"{before}{damaged}");
        string dataset = await DeclareAsync(name, commit: commit);

        JobView job = await service.LoadAsync(dataset, data, "text/csv");

        Assert.Equal(new RecordsView(Records + 2, Records + 1, 1, 0), job.Records);
        DeadLetterView letter = Assert.Single((await service.Api.GetAsync(job.Links.DeadLetters)).Read<DeadLetterPage>().Items);
        Assert.Equal((Records + 1L, Records + 2L, (long)start), (letter.Record, letter.Line, letter.ByteOffset));
        DeadLetterError error = Assert.Single(letter.Errors);
        Assert.Equal("invalid_encoding", error.Code);
        Assert.Contains(string.Format(CultureInfo.InvariantCulture, message, at), error.Message, StringComparison.Ordinal);
        Assert.StartsWith(damaged, letter.Raw, StringComparison.Ordinal);

        // As it came it is rejected again; mended in its own encoding it is loaded.
        byte[] rejects = await DownloadAsync(job, name);
        Assert.Equal(1, (await service.LoadAsync(dataset, rejects, $"text/csv; charset={name}")).Records.Rejected);
        int place = rejects.AsSpan().LastIndexOf(Convert.FromHexString(wrong));
        byte[] mended = [.. rejects[..place], .. rejects[(place + (wrong.Length / 2))..]];
        Assert.Equal(1, (await service.LoadAsync(dataset, mended, "text/csv")).Records.Loaded);
        Assert.Equal(
            [$"{Records + 2} 1 {text}"],
            await service.RowsAsync($"SELECT concat_ws(' ', count(*), count(DISTINCT note), min(note)) FROM public.{dataset}"));
    }

    [Theory]
    [InlineData("windows-1252", "text/csv; charset=utf-8", "leave the charset out")]
    [InlineData("utf-8", "text/csv; charset=iso-2022-jp", "iconv -f iso-2022-jp -t UTF-8")]
    [InlineData("utf-8", "application/json; charset=windows-1252", "JSON")]
    public async Task A_charset_that_contradicts_or_is_not_known_is_refused(string encoding, string contentType, string told)
    {
        ApiAnswer answer = await service.Api.UploadAsync(await DeclareAsync(encoding), "id,note\n1,a\n", contentType);

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_charset"), (answer.Status, answer.Problem.Code));
        Assert.Contains(told, answer.Problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8", "FFFE6900", "send it with charset=utf-16")]
    [InlineData("windows-1252", "EFBBBF69", "\"encoding\": \"utf-8\"")]
    [InlineData("utf-16", "69006400", "utf-16le or utf-16be")]
    [InlineData("windows-1252", "504B0304", "ZIP")]
    public async Task What_begins_as_something_else_is_told_at_once(string encoding, string start, string told)
    {
        JobView job = await service.LoadAsync(
            await DeclareAsync(encoding), [.. Convert.FromHexString(start), .. new byte[100]], "text/csv");

        Assert.Equal(JobState.Failed, job.State);
        Assert.Contains(told, job.Error?.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id,note\n1,a\n2,\u00fc\n3,b\n", "Not valid UTF-8: the byte 0xFC at byte 14 of the data. If the data is in another encoding")]
    [InlineData("id,n\u00f6te\n1,a\n", "The header is not valid UTF-8. If the data is in another encoding")]
    public async Task Text_that_is_no_UTF_8_says_where_and_what_to_set(string data, string told)
    {
        JobView job = await service.LoadAsync(await DeclareAsync("utf-8"), Encoding.Latin1.GetBytes(data), "text/csv");

        string page = (await service.Api.GetAsync(job.Links.DeadLetters)).Body;
        Assert.Contains(told, job.Error?.Detail ?? page, StringComparison.Ordinal);
        Assert.Equal(job.Error is null ? 2 : 0, job.Records.Loaded);
    }

    [Fact]
    public async Task A_header_that_does_not_match_says_what_it_was_read_as()
    {
        JobView job = await service.LoadAsync(await DeclareAsync("utf-16le"), Encoding.UTF8.GetBytes("id,note\n1,a\n"), "text/csv");

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.EndsWith("The data was read as utf-16le.", job.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_definition_names_an_encoding_that_there_is()
    {
        using StringContent body = new(
            """{ "encoding": "latin-42", "schema": { "fields": [{ "name": "id" }] } }""", Encoding.UTF8, "application/json");
        ApiAnswer answer = await service.Api.PutAsync("/v1/datasets/encoding_unknown", body);

        Assert.Contains("use one of utf-8, utf-16, ", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_run_again_as_it_was_sent()
    {
        string dataset = $"encoding_{Interlocked.Increment(ref _datasets)}";
        string Definition(string type) => $$"""
            { "schema": { "fields": [{ "name": "id", "type": "integer" }, { "name": "note", "type": "{{type}}", "sqlType": "text" }] },
              "load": { "table": "public.{{dataset}}", "keepUpload": "PT1H" } }
            """;
        await service.Api.DeclareAsync(dataset, Definition("date"));
        JobView first = await service.LoadAsync(dataset, CharsetOf(1252).GetBytes(Csv("ü")), "text/csv; charset=windows-1252");
        await service.Api.DeclareAsync(dataset, Definition("string"));

        JobView second = await service.Api.WhenFinalAsync((await service.Api.RerunAsync(first.Id)).Job.Id);

        Assert.Equal((Records, Records), (first.Records.Rejected, second.Records.Loaded));
        Assert.Equal(["ü"], await service.RowsAsync($"SELECT DISTINCT note FROM public.{dataset}"));
    }

    private async Task<byte[]> DownloadAsync(JobView job, string charset)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(job.Links.DeadLetters, UriKind.Relative))
        {
            Headers = { { "Accept", "text/csv" } },
        };
        using HttpResponseMessage answer = await service.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal($"text/csv; charset={charset}", answer.Content.Headers.ContentType?.ToString());
        return await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
    }

    private async Task<string> DeclareAsync(string encoding, string rest = "", string commit = "job")
    {
        string dataset = $"encoding_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset, """{ "name": "id", "type": "integer" }, { "name": "note" }""", commit, rest: $", \"encoding\": \"{encoding}\"{rest}");
        return dataset;
    }

    private static string Csv(string text) =>
        "id,note\r\n" + string.Concat(Enumerable.Range(1, Records).Select(i => $"{i},\"{text}\"\r\n"));

    private static Encoding CharsetOf(int codePage) =>
        CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
}
