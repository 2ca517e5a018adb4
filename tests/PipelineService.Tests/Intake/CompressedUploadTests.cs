using System.Net;
using System.Security.Cryptography;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Write;

namespace PipelineService.Tests.Intake;

/// <summary>Uploads that come compressed: to the row they are as any others, and damaged ones leave nothing.</summary>
public sealed class CompressedUploadTests(CompressedUploadTests.LimitedService service)
    : IClassFixture<CompressedUploadTests.LimitedService>
{
    private const int Records = 3_000;
    private const string Fields =
        """{ "name": "id", "type": "integer" }, { "name": "name" }, { "name": "amount", "type": "number" }""";

    private static readonly byte[] Table = Encoding.UTF8.GetBytes(Readings.Csv(Records));

    public static TheoryData<string> Encodings => ["gzip", "deflate", "br", "zstd", "gzip, br", "x-gzip, identity, zstd"];

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Encodings))]
    public async Task Are_loaded_and_told_of_as_they_were_sent(string encoding)
    {
        var codings = ContentCodings.Parse(encoding, out _);
        string table = $"sent_{string.Join('_', codings)}".ToLowerInvariant();
        byte[] sent = Compressed.With(codings, Table), digest = SHA256.HashData(sent);
        await service.DeclareAsync(table, Fields);

        JobView job = await LoadAsync(table, sent, encoding, ("Content-Digest", $"sha-256=:{Convert.ToBase64String(digest)}:"));

        await ExpectEveryRecordOnceAsync(job, table);
        Assert.Equal(
            (sent.Length, Convert.ToHexStringLower(digest), ContentCodings.Write(codings)),
            (job.Upload.Bytes, job.Upload.Sha256, job.Upload.ContentEncoding));
    }

    /// <summary>They are told apart by their bytes, and their records by their places in what was compressed.</summary>
    [Fact]
    public async Task Have_their_rejects_at_the_places_of_the_data()
    {
        await service.DeclareAsync("compressed_rejects", Fields);
        string data = Readings.Csv(10).Replace("7,name", "seven,name", StringComparison.Ordinal);

        JobView job = await LoadAsync("compressed_rejects", Compressed.Gzip(data), "gzip");

        Assert.Equal(["7:8 type_mismatch id seven,name 7,7.5"], await service.DeadLettersAsync(job));
        Assert.Equal(data.IndexOf("seven", StringComparison.Ordinal), await service.Database.ScalarAsync<long>(
            $"SELECT byte_offset FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
    }

    /// <summary>Of one chunk when decoded, or of less when sent: both ways of loading small ones.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(2_000)]
    public async Task May_be_small(int records)
    {
        string table = $"compressed_small_{records}";
        await service.DeclareAsync(table, Fields);

        JobView job = await LoadAsync(table, Compressed.Gzip(Readings.Csv(records)), "gzip");

        Assert.Equal((JobState.Succeeded, (long)records), (job.State, await service.CountRowsAsync(table)));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Cut_anywhere_they_fail_and_nothing_is_loaded(string commit)
    {
        string table = $"cut_{commit}";
        await service.DeclareAsync(table, Fields, commit);
        foreach (ContentCoding coding in Compressed.Codings)
        {
            byte[] sent = Compressed.With(coding, Table);
            foreach (int length in (int[])[0, 1, sent.Length / 2, sent.Length - 5, sent.Length - 1])
            {
                JobView job = await LoadAsync(table, sent[..length], ContentCodings.TokenOf(coding));

                ExpectFailed(job, "compressed_data_damaged", $"At byte {length} of the {ContentCodings.TokenOf(coding)} data");
            }
        }

        Assert.Equal(0, await service.CountRowsAsync(table));
        Assert.Equal(0, await service.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.job_chunks c JOIN pipeline.jobs j ON j.id = c.job_id WHERE j.dataset = '{table}'"));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Damaged_or_with_junk_behind_they_fail_and_nothing_is_loaded(string commit)
    {
        string table = $"damaged_{commit}";
        await service.DeclareAsync(table, Fields, commit);
        byte[] sent = Compressed.Gzip(Table), turned = [.. sent];
        turned[^6] ^= 1;

        ExpectFailed(await LoadAsync(table, turned, "gzip"), "compressed_data_damaged", "checksum (CRC-32) is wrong");
        ExpectFailed(await LoadAsync(table, [.. sent, 0], "gzip"), "compressed_data_damaged", $"At byte {sent.Length} of the gzip data");

        Assert.Equal(0, await service.CountRowsAsync(table));
    }

    /// <summary>What was loaded while it arrived becomes visible when all of it is known to be right, and then chunk by chunk.</summary>
    [Fact]
    public async Task Nothing_is_visible_before_they_are_known_to_be_whole()
    {
        await service.DeclareAsync("held_back", Fields, "chunk");
        byte[] sent = Compressed.Gzip(Table);
        await using JobRowSignal row = await JobRowSignal.ListenAsync(service.Database, "held_back");
        using HeldBody body = new();
        body.Headers.ContentEncoding.Add("gzip");
        Task<ApiAnswer> answer = service.Api.UploadAsync("held_back", body);
        await body.SendAsync(sent[..(sent.Length / 2)]);
        Guid id = await row.RegisteredAsync();
        await service.Api.WhenAsync(id, "partly loaded", job => job.Records.Loaded > 0);
        Assert.Equal(0, await service.CountRowsAsync("held_back"));

        await body.SendAsync(sent[(sent.Length / 2)..]);
        body.Complete();
        JobView job = await service.Api.WhenFinalAsync((await answer).Job.Id);

        await ExpectEveryRecordOnceAsync(job, "held_back");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_fault_found_while_they_arrive_leaves_nothing(string commit)
    {
        string table = $"broken_arriving_{commit}";
        await service.DeclareAsync(table, Fields, commit);
        byte[] sent = Compressed.Gzip(Table);
        await using JobRowSignal row = await JobRowSignal.ListenAsync(service.Database, table);
        using HeldBody body = new();
        body.Headers.ContentEncoding.Add("gzip");
        Task<ApiAnswer> answer = service.Api.UploadAsync(table, body);
        await body.SendAsync(sent[..(sent.Length / 2)]);
        await service.Api.WhenAsync(await row.RegisteredAsync(), "partly loaded", job => job.Records.Loaded > 0);

        await body.SendAsync([.. sent[(sent.Length / 2)..], .. "junk"u8]);
        body.Complete();
        JobView job = await service.Api.WhenFinalAsync((await answer).Job.Id);

        ExpectFailed(job, "compressed_data_damaged", $"At byte {sent.Length} of the gzip data");
        Assert.Equal((0, 0), (await service.CountRowsAsync(table), job.Records.Loaded));
    }

    /// <summary>The next attempt decodes from the start, and loads what the one before has not.</summary>
    [Theory, MemberData(nameof(Policies))]
    public async Task A_killed_session_is_repeated_exactly(string commit)
    {
        string table = $"killed_compressed_{commit}";
        await service.DeclareAsync(table, Fields, commit);
        await using LoadGate gate = await LoadGate.CloseAsync(service.Database, table, id: 2_000);
        Guid id = (await service.Api.UploadAsync(table, Body(Compressed.Zstd(Table), "zstd"))).Job.Id;
        await service.Api.WhenAsync(id, "partly loaded", job => job.Records.Loaded > 500);

        await service.Database.ExecuteAsync($"""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = '{PipelineService.Write.WriteSession.SessionName(id)}'
            """);
        await gate.OpenAsync();

        await ExpectEveryRecordOnceAsync(await service.Api.WhenFinalAsync(id), table);
    }

    /// <summary>A refused row costs the chunks beside it a second reading.</summary>
    [Fact]
    public async Task Chunks_are_read_again_where_the_table_refuses_a_row()
    {
        await service.DeclareAsync("compressed_twice", Fields, schema: """, "primaryKey": ["id"]""");
        string data = Readings.Csv(Records) + Readings.CsvRows(1, 500) + Readings.CsvRows(Records + 1, Records);

        JobView job = await LoadAsync("compressed_twice", Compressed.Gzip(data), "gzip");

        Assert.Equal((JobState.PartiallySucceeded, 2L * Records, 500L), (job.State, job.Records.Loaded, job.Records.Rejected));
        Assert.Equal(2 * Records, await service.CountRowsAsync("compressed_twice"));
    }

    [Theory]
    [InlineData("", "gzip", "text/csv")]
    [InlineData("", "zstd", "text/csv")]
    [InlineData("auto", "gzip", "text/csv")]
    [InlineData("auto", "", "text/csv")]
    [InlineData("auto", "zstd", "")]
    [InlineData("gz", "gzip", "text/csv")]
    [InlineData("br", "br", "application/octet-stream")]
    public async Task A_compressed_file_is_taken_by_its_type_or_by_the_dataset(string compression, string written, string contentType)
    {
        string table = $"file_{compression}_{written}";
        string type = compression.Length == 0 ? $"application/{written}" : contentType;
        await service.DeclareAsync(table, Fields, rest: compression.Length == 0 ? "" : $$""", "compression": "{{compression}}" """);

        JobView job = await LoadAsync(table, Compressed.With(ContentCodings.Parse(written, out _), Table), "", type);

        await ExpectEveryRecordOnceAsync(job, table);
        Assert.Equal(("text/csv", null), (job.Upload.ContentType, job.Upload.ContentEncoding));
    }

    [Fact]
    public async Task Kept_ones_are_loaded_again()
    {
        await service.Api.DeclareAsync("kept_compressed", Readings.Definition("'load': { 'keepUpload': 'P1D' }, 'compression': 'auto'"));
        JobView first = await LoadAsync("kept_compressed", Compressed.Gzip(Compressed.Zstd(Table)), "gzip");

        JobView again = await service.Api.WhenFinalAsync((await service.Api.RerunAsync(first.Id)).Job.Id);

        await ExpectEveryRecordOnceAsync(again, "kept_compressed");
        Assert.Equal("gzip", again.Upload.ContentEncoding);
    }

    [Theory]
    [InlineData("compress", "'compress' is not known here")]
    [InlineData("gzip, xz", "xz -dc FILE | gzip -c")]
    [InlineData("gzip, gzip, gzip, gzip, gzip", "at most 4 codings")]
    public async Task Codings_that_cannot_be_undone_are_refused_with_those_that_can(string encoding, string says)
    {
        await service.DeclareAsync("refused_coding", Fields);

        ApiAnswer answer = await service.Api.UploadAsync("refused_coding", Body(Table, encoding));

        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_content_encoding"), (answer.Status, answer.Problem.Code));
        Assert.Equal("gzip, deflate, br, zstd", answer["Accept-Encoding"]);
        Assert.Contains(says, answer.Problem.Detail, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task What_decodes_to_too_much_is_stopped_and_nothing_is_loaded(string commit)
    {
        string table = $"too_large_{commit}", row = $"1,{new string('x', 1_000)},1\n";
        await service.DeclareAsync(table, Fields, commit);
        byte[] bomb = Compressed.Gzip($"id,name,amount\n{string.Concat(Enumerable.Repeat(row, 3_000))}");

        ExpectFailed(await LoadAsync(table, bomb, "gzip"), "decoded_too_large", "Spool:DecodedBytesMax");

        Assert.Equal(0, await service.CountRowsAsync(table));
    }

    private static ByteArrayContent Body(byte[] sent, string encoding, string contentType = "text/csv")
    {
        ByteArrayContent body = new(sent);
        body.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (encoding.Length > 0)
        {
            body.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        return body;
    }

    private async Task<JobView> LoadAsync(string dataset, byte[] sent, string encoding, params (string, string)[] headers)
    {
        using ByteArrayContent body = Body(sent, encoding);
        ApiAnswer answer = await service.Api.UploadAsync(dataset, body, headers);
        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Body);
        return await service.Api.WhenFinalAsync(answer.Job.Id);
    }

    private async Task<JobView> LoadAsync(string dataset, byte[] sent, string encoding, string contentType)
    {
        using ByteArrayContent body = Body(sent, encoding, contentType);
        ApiAnswer answer = await service.Api.UploadAsync(dataset, body);
        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Body);
        return await service.Api.WhenFinalAsync(answer.Job.Id);
    }

    private static void ExpectFailed(JobView job, string code, string says)
    {
        Assert.Equal((JobState.Failed, code), (job.State, job.Error?.Code));
        Assert.Contains(says, job.Error!.Detail, StringComparison.Ordinal);
    }

    private async Task ExpectEveryRecordOnceAsync(JobView job, string table)
    {
        Assert.Equal((JobState.Succeeded, (long)Records), (job.State, job.Records.Loaded));
        Assert.Equal(
            Enumerable.Range(1, Records).Select(i => $"{i} {i}"),
            await service.RowsAsync($"SELECT id || ' ' || _record FROM public.\"{table}\" ORDER BY id"));
    }

    /// <summary>Two megabytes are the most that may come of an upload.</summary>
    public sealed class LimitedService(PostgresServer server) : ImpatientService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [.. base.Settings, ("Spool:DecodedBytesMax", $"{2 << 20}")];
    }
}
