using System.Text.RegularExpressions;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>Bodies whose end cannot be told, or can be told in two ways. Nothing is left, and the next client does not notice.</summary>
public sealed partial class FramingTests(RunningService running) : IClassFixture<RunningService>
{
    private const string Chunked = "Transfer-Encoding: chunked";
    private const string Chunk = "f\r\nid,name,amount\n\r\n";

    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("chunk_size_missing", "\r\n")]
    [InlineData("chunk_size_negative", "-5\r\nhello\r\n")]
    [InlineData("chunk_size_with_prefix", "0x5\r\nhello\r\n")]
    [InlineData("chunk_size_after_space", " 5\r\nhello\r\n")]
    [InlineData("chunk_size_of_32_bits", "80000000\r\nhello")]
    [InlineData("chunk_size_of_64_bits", "7FFFFFFFFFFFFFFF\r\nhello")]
    [InlineData("chunk_size_too_long", "FFFFFFFFFFFFFFFFFFFFFFFF\r\nhello")]
    [InlineData("chunk_size_before_LF", "5\nhello\r\n0\r\n\r\n")]
    [InlineData("chunk_extension_before_LF", "5;a=b\nhello\r\n0\r\n\r\n")]
    [InlineData("chunk_extension_with_CR", "5;a\rb\r\nhello\r\n0\r\n\r\n")]
    [InlineData("chunk_longer_than_its_size", "4\r\nhello\r\n0\r\n\r\n")]
    [InlineData("chunk_without_its_end", "5\r\nhello5\r\nhello\r\n")]
    [InlineData("chunk_before_LF", "5\r\nhello\n0\r\n\r\n")]
    [InlineData("trailer_without_colon", "0\r\nnonsense\r\n\r\n")]
    [InlineData("trailer_before_LF", "0\r\nX-A: b\n\r\n")]
    [InlineData("last_chunk_before_LF", "0\r\n\nGET / HTTP/1.1\r\n\r\n")]
    public async Task Refuses_chunks_that_are_framed_wrongly(string dataset, string rest)
    {
        dataset = dataset.ToLowerInvariant();
        await _api.DeclareAsync(dataset, Readings.Definition());
        using RawConnection connection = await RawConnection.OpenAsync(
            _api.Address, RawConnection.UploadHead(dataset, Chunked) + Chunk + rest);

        string answers = await connection.ReadUntilEndAsync();

        Assert.Equal(["400"], Statuses(answers));
        Assert.Equal("malformed_request", ApiAnswer.Parse(answers).Problem.Code);
        await AssertNothingHappenedAsync(dataset);
    }

    [Fact]
    public async Task Refuses_more_trailers_than_a_head_may_have()
    {
        await _api.DeclareAsync("many_trailers", Readings.Definition());
        string trailers = string.Concat(Enumerable.Range(1, 200).Select(i => $"X-{i}: y\r\n"));
        using RawConnection connection = await RawConnection.OpenAsync(
            _api.Address, RawConnection.UploadHead("many_trailers", Chunked) + Chunk + "0\r\n" + trailers + "\r\n");

        Assert.Equal(["400"], Statuses(await connection.ReadUntilEndAsync()));
        await AssertNothingHappenedAsync("many_trailers");
    }

    /// <remarks>RFC 9112, sections 7.1.1 and 7.1.2: extensions and trailers that mean nothing to us are passed over.</remarks>
    [Fact]
    public async Task Passes_over_chunk_extensions_however_long_and_trailers()
    {
        await _api.DeclareAsync("extended", Readings.Definition());
        string extension = new('a', 300_000); // more than a request's head may be
        using RawConnection connection = await RawConnection.BeginUploadAsync(
            _api.Address, "extended", $"{Chunked}\r\nPrefer: wait=30");
        await connection.SendAsync($"f;{extension}\r\nid,name,amount\n\r\n6;b=\"c\"\r\n1,a,1\n\r\n0;{extension}\r\nX-Digest: none\r\n\r\n");

        ApiAnswer answer = await connection.ReadAnswerAsync();

        Assert.Equal(21, answer.Job.Upload.Bytes);
        Assert.Equal(1, answer.Job.Records.Loaded);
        await running.AssertNextIsLoadedAsync("extended");
    }

    /// <summary>Whoever reads the other length sees a second request where we see a body, or the reverse.</summary>
    [Theory]
    [InlineData("length_then_chunks", "Content-Length: 6\r\nTransfer-Encoding: chunked")]
    [InlineData("chunks_then_length", "Transfer-Encoding: chunked\r\nContent-Length: 6")]
    [InlineData("chunks_of_chunks", "Transfer-Encoding: chunked, chunked")]
    [InlineData("chunks_said_twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("chunks_of_gzip", "Transfer-Encoding: gzip, chunked")]
    [InlineData("chunks_not_last", "Transfer-Encoding: chunked, identity")]
    [InlineData("chunks_misspelt", "Transfer-Encoding: xchunked")]
    [InlineData("two_lengths", "Content-Length: 6\r\nContent-Length: 5")]
    [InlineData("list_of_lengths", "Content-Length: 6, 6")]
    [InlineData("negative_length", "Content-Length: -6")]
    [InlineData("length_of_128_bits", "Content-Length: 99999999999999999999999999999999")]
    [InlineData("length_before_LF", "Content-Length: 6\nX-A: b")]
    public async Task Refuses_a_request_whose_length_is_ambiguous_and_serves_none_behind_it(string dataset, string framing)
    {
        dataset = dataset.ToLowerInvariant();
        await _api.DeclareAsync(dataset, Readings.Definition());
        using RawConnection connection = await RawConnection.OpenAsync(
            _api.Address, RawConnection.UploadHead(dataset, framing) + "0\r\n\r\n" + Removal(dataset));

        Assert.Equal(["400"], Statuses(await connection.ReadUntilEndAsync()));
        await AssertNothingHappenedAsync(dataset);
    }

    [Fact]
    public async Task Takes_a_body_to_its_announced_length_and_ends_the_connection_at_what_follows()
    {
        await _api.DeclareAsync("too_long", Readings.Definition());
        string body = Readings.Csv(2);
        using RawConnection connection = await RawConnection.OpenAsync(
            _api.Address,
            RawConnection.UploadHead("too_long", $"Content-Length: {body.Length}\r\nPrefer: wait=30") + body + "3,c,3\n4,d,4\n");

        string answers = await connection.ReadUntilEndAsync();

        Assert.Equal(["200", "400"], Statuses(answers));
        Assert.Equal(2, await running.CountRowsAsync("too_long"));
        Assert.Equal(1, await running.CountJobsAsync("too_long"));
        running.AssertSpoolIsEmpty();
        await running.AssertNextIsLoadedAsync("too_long");
    }

    [Fact]
    public async Task Answers_what_is_sent_behind_a_refused_upload_once_its_body_has_passed()
    {
        const string Body = "DELETE /v1/datasets/pipelined HTTP/1.1\r\nHost: localhost\r\n\r\n";
        await _api.DeclareAsync("pipelined", Readings.Definition());
        using RawConnection connection = await RawConnection.OpenAsync(
            _api.Address,
            RawConnection.UploadHead("no_such_dataset", $"Content-Length: {Body.Length}") + Body
                + "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.Equal(["404", "200"], Statuses(await connection.ReadUntilEndAsync()));
        await AssertNothingHappenedAsync("pipelined");
    }

    private static string Removal(string dataset) =>
        $"DELETE /v1/datasets/{dataset} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static string[] Statuses(string answers) => [.. StatusLine().Matches(answers).Select(m => m.Groups[1].Value)];

    /// <summary>Nothing is left, the dataset is still there, and the next upload is loaded.</summary>
    private async Task AssertNothingHappenedAsync(string dataset)
    {
        await running.AssertNothingIsLeftAsync(dataset);
        await running.AssertNextIsLoadedAsync(dataset);
    }

    [GeneratedRegex(@"HTTP/1\.1 (\d{3}) ")]
    private static partial Regex StatusLine();
}
