using System.Net;
using System.Text;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>What can be refused by its head, or by its bytes once they are there. Nothing is left of it.</summary>
public sealed class RefusalTests(RefusalTests.SmallService running) : IClassFixture<RefusalTests.SmallService>
{
    private const string EmptyDigest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

    private readonly Api _api = running.Api;

    [Fact]
    public async Task Refuses_a_dataset_that_is_not_declared()
    {
        ApiAnswer answer = await _api.UploadAsync("undeclared", Readings.Csv(1));

        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
        Assert.Equal("dataset_not_found", answer.Problem.Code);
        await running.AssertNothingIsLeftAsync("undeclared");
    }

    [Theory]
    [InlineData("html", "text/html", "unsupported_media_type")]
    [InlineData("form", "application/x-www-form-urlencoded", "unsupported_media_type")]
    [InlineData("utf7", "text/csv; charset=utf-7", "unsupported_charset")]
    public async Task Refuses_a_content_type_and_says_which_are_taken(string dataset, string contentType, string code)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync(dataset, Readings.Csv(1), contentType);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Equal(code, answer.Problem.Code);
        Assert.Contains("text/csv", answer["Accept-Post"], StringComparison.Ordinal);
        await running.AssertNothingIsLeftAsync(dataset);
    }

    [Fact]
    public async Task Refuses_a_content_encoding_that_it_cannot_remove()
    {
        await _api.DeclareAsync("compressed", Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync("compressed", Readings.Csv(1), headers: ("Content-Encoding", "compress"));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Status);
        Assert.Equal("unsupported_content_encoding", answer.Problem.Code);
        Assert.NotNull(answer["Accept-Encoding"]);
        await running.AssertNothingIsLeftAsync("compressed");
    }

    [Theory]
    [InlineData("other_content", "Content-Digest")]
    [InlineData("other_repr", "Repr-Digest")]
    public async Task Refuses_a_body_that_is_not_what_its_digest_says(string dataset, string header)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync(dataset, Readings.Csv(1), headers: (header, EmptyDigest));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("digest_mismatch", answer.Problem.Code);
        await running.AssertNothingIsLeftAsync(dataset);
    }

    [Theory]
    [InlineData("digest_without_colons", "Content-Digest", "sha-256=47DEQpj8HBSa")]
    [InlineData("digest_too_short", "Content-Digest", "sha-256=:AAAA:")]
    [InlineData("digest_without_value", "Repr-Digest", "sha-256")]
    [InlineData("key_with_a_space", "Idempotency-Key", "two words")]
    [InlineData("key_without_text", "Idempotency-Key", "\"\"")]
    public async Task Refuses_a_header_that_it_cannot_understand(string dataset, string header, string value)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());

        ApiAnswer answer = await _api.UploadAsync(dataset, Readings.Csv(1), headers: (header, value));

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("malformed_header", answer.Problem.Code);
        Assert.StartsWith(header, answer.Problem.Detail, StringComparison.Ordinal);
        await running.AssertNothingIsLeftAsync(dataset);
    }

    [Fact]
    public async Task Passes_over_digests_of_other_algorithms_and_checks_the_known_one()
    {
        await _api.DeclareAsync("digested", Readings.Definition());
        string body = Readings.Csv(1);
        string digest = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(body)));

        ApiAnswer answer = await _api.UploadAsync(
            "digested", body, headers: [("Content-Digest", $"md5=:AAAA:, sha-256=:{digest}:"), ("Prefer", "wait=30")]);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(1, answer.Job.Records.Loaded);
    }

    [Fact]
    public async Task Refuses_an_announced_length_over_the_limit_before_the_body()
    {
        await _api.DeclareAsync("announced", Readings.Definition());
        using var connection = await RawConnection.BeginUploadAsync(
            _api.Address, "announced", $"Content-Length: {SmallService.BodyBytesMax + 1}");

        ApiAnswer answer = await connection.ReadAnswerAsync();

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Equal("body_too_large", answer.Problem.Code);
        await running.AssertNothingIsLeftAsync("announced");
    }

    [Fact]
    public async Task Refuses_a_body_of_unannounced_length_when_it_passes_the_limit()
    {
        await _api.DeclareAsync("unannounced", Readings.Definition());
        using var connection = await RawConnection.BeginUploadAsync(
            _api.Address, "unannounced", "Transfer-Encoding: chunked");

        await connection.SendChunkAsync(Readings.Csv(1));
        await connection.SendChunkAsync(new string('x', SmallService.BodyBytesMax));
        ApiAnswer answer = await connection.ReadAnswerAsync();

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Equal("body_too_large", answer.Problem.Code);
        await running.AssertNothingIsLeftAsync("unannounced");
    }

    /// <summary>As PostgreSQL counts them: two UTF-16 units and four bytes each.</summary>
    [Fact]
    public async Task Counts_the_characters_of_a_label()
    {
        await _api.DeclareAsync("emojis", Readings.Definition());
        string label = string.Concat(Enumerable.Repeat("\U0001F6F0", 100));

        using StringContent body = new(Readings.Csv(1), Encoding.UTF8, "text/csv");
        ApiAnswer answer = await _api.PostAsync(
            $"/v1/datasets/emojis/uploads?source={Uri.EscapeDataString(label)}", body, ("Prefer", "wait=30"));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(label, answer.Job.Source);
    }

    [Fact]
    public async Task Refuses_a_label_that_is_too_long()
    {
        await _api.DeclareAsync("labelled", Readings.Definition());

        using StringContent body = new(Readings.Csv(1), Encoding.UTF8, "text/csv");
        ApiAnswer answer = await _api.PostAsync($"/v1/datasets/labelled/uploads?source={new string('x', 101)}", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("malformed_query", answer.Problem.Code);
        await running.AssertNothingIsLeftAsync("labelled");
    }

    /// <summary>Takes bodies of 64 KiB at most.</summary>
    public sealed class SmallService(PostgresServer server) : RunningService(server)
    {
        public const int BodyBytesMax = 64 << 10;

        protected override IEnumerable<(string Key, string? Value)> Settings => [("Intake:BodyBytesMax", $"{BodyBytesMax}")];
    }
}
