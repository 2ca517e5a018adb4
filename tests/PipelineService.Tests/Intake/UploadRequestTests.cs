using System.Security.Cryptography;
using CsCheck;
using Microsoft.AspNetCore.Http;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Intake;
using PipelineService.Spool.Decoding;

namespace PipelineService.Tests.Intake;

public sealed class UploadRequestTests
{
    private const string Csv = "text/csv";

    private static readonly DatasetDefinition Dataset = new()
    {
        Schema = new TableSchema { Fields = [new() { Name = "a" }] },
        Load = new LoadPolicy { Table = new TableName("public", "t") },
    };

    private static readonly string[] Parts =
        ["text/csv", "charset", "sha-256", "md5", "wait", "AAAA", "1", "=", "=:", ":", ",", ";", "\"", " ", "\\", "~"];

    /// <summary>Parts of what is understood, in any order, and any other text.</summary>
    private static readonly Gen<string> HeaderText = Gen.OneOf(
        Gen.String[Gen.Char[' ', '~'], 0, 60],
        Gen.Int[0, Parts.Length - 1].Select(i => Parts[i]).Array[0, 6].Select(string.Concat));

    /// <summary>A digest as it is written, around bytes of any number or around any text.</summary>
    private static readonly Gen<string> DigestText = Gen.Select(
        Gen.OneOf<string>("sha-256", "SHA-256", "md5"),
        Gen.OneOf(Gen.Byte.Array[0, 64].Select(Convert.ToBase64String), HeaderText),
        (algorithm, value) => $"{algorithm}=:{value}:");

    [Theory]
    [InlineData("text/csv", DataFormat.Csv, null)]
    [InlineData("TEXT/CSV; charset=utf-8", DataFormat.Csv, null)]
    [InlineData("text/csv; charset=\"UTF-8\"; header=present", DataFormat.Csv, null)]
    [InlineData("application/csv", DataFormat.Csv, null)]
    [InlineData("text/tab-separated-values", DataFormat.Csv, '\t')]
    [InlineData("application/x-ndjson", DataFormat.Ndjson, null)]
    [InlineData("application/ndjson; charset=us-ascii", DataFormat.Ndjson, null)]
    [InlineData("application/jsonl", DataFormat.Ndjson, null)]
    public void Knows_the_form_of_the_data_by_its_content_type(string contentType, DataFormat format, char? delimiter) =>
        Assert.Equal(new UploadForm(format, (byte?)delimiter), Parse(contentType).Kind);

    [Theory]
    [InlineData(null, DataFormat.Ndjson, "application/x-ndjson")]
    [InlineData("", DataFormat.Csv, "text/csv")]
    [InlineData("application/octet-stream", DataFormat.Ndjson, "application/x-ndjson")]
    [InlineData("application/octet-stream", DataFormat.Csv, "text/csv")]
    [InlineData("application/vnd.ms-excel", DataFormat.Csv, "text/csv")]
    public void Where_the_type_says_nothing_the_format_of_the_dataset_decides(string? contentType, DataFormat format, string readAs)
    {
        UploadRequest request = Parse(contentType, Dataset with { Format = format });

        Assert.Equal((readAs, new UploadForm(format, null)), (request.ContentType, request.Kind));
    }

    [Theory]
    [InlineData("text/csv", FileCompression.None, FileCompression.None)]
    [InlineData("text/csv", FileCompression.Auto, FileCompression.Auto)]
    [InlineData("text/tab-separated-values", FileCompression.Zstd, FileCompression.Zstd)]
    [InlineData("", FileCompression.Gzip, FileCompression.Gzip)]
    [InlineData("application/gzip", FileCompression.None, FileCompression.Gzip)]
    [InlineData("application/x-gzip", FileCompression.Zstd, FileCompression.Gzip)]
    [InlineData("application/zstd", FileCompression.Auto, FileCompression.Zstd)]
    public void A_file_is_compressed_as_its_type_says_or_else_the_dataset(
        string contentType, FileCompression declared, FileCompression read)
    {
        UploadRequest request = Parse(contentType, Dataset with { Format = DataFormat.Ndjson, Compression = declared });

        Assert.Equal(read, request.Compression);
        Assert.Equal(contentType.StartsWith("text", StringComparison.Ordinal) ? DataFormat.Csv : DataFormat.Ndjson, request.Kind.Format);
    }

    [Fact]
    public void Takes_several_codings_in_a_row() =>
        Assert.Equal([ContentCoding.Gzip, ContentCoding.Brotli], Parse(Csv, ("Content-Encoding", "identity, x-gzip,BR")).Codings);

    /// <summary>So browsers on Windows call a file of theirs, whatever the dataset usually gets.</summary>
    [Fact]
    public void A_file_of_a_spreadsheet_is_delimited_text() =>
        Assert.Equal(DataFormat.Csv, Parse("application/vnd.ms-excel", Dataset with { Format = DataFormat.Ndjson }).Kind.Format);

    [Theory]
    [InlineData("present", true)]
    [InlineData("PRESENT", true)]
    [InlineData("absent", false)]
    public void Takes_the_parameter_for_a_header_where_the_dataset_agrees(string said, bool isDeclared)
    {
        Assert.Equal(Csv, Parse($"text/csv; header={said}", With(isDeclared)).ContentType);
        Assert.Equal(
            "unsupported_media_type",
            Assert.Throws<UploadRefusedException>(() => Parse($"text/csv; header={said}", With(!isDeclared))).Problem.Code);

        static DatasetDefinition With(bool header) => Dataset with { Dialect = CsvDialect.Default with { Header = header } };
    }

    [Theory]
    [InlineData("csv", "unsupported_media_type")]
    [InlineData("text/csv; header=maybe", "unsupported_media_type")]
    [InlineData("text/html", "unsupported_media_type")]
    [InlineData("text/csv; charset=utf-7", "unsupported_charset")]
    public void Refuses_other_content_types(string? contentType, string code) => Assert.Equal(code, RefusalOf(contentType));

    [Theory]
    [InlineData("Content-Encoding", "compress", "unsupported_content_encoding")]
    [InlineData("Content-Encoding", "gzip, compress", "unsupported_content_encoding")]
    [InlineData("Content-Encoding", "br, br, br, br, br", "unsupported_content_encoding")]
    [InlineData("Idempotency-Key", "", "malformed_header")]
    [InlineData("Idempotency-Key", "two words", "malformed_header")]
    [InlineData("Idempotency-Key", "schlüssel", "malformed_header")]
    [InlineData("Content-Digest", "sha-256=:AAAA:", "malformed_header")]
    [InlineData("Content-Digest", "sha-256", "malformed_header")]
    [InlineData("Repr-Digest", "sha-256=AAAA", "malformed_header")]
    [InlineData("Content-Digest", "md5=:AAAA:", "unsupported_digest")]
    [InlineData("Repr-Digest", "sha-512=:AAAA:, md5=:AAAA:", "unsupported_digest")]
    [InlineData("Prefer", "wait=soon", "malformed_header")]
    public void Refuses_headers_that_it_cannot_heed(string name, string value, string code) =>
        Assert.Equal(code, RefusalOf(Csv, (name, value)));

    [Fact]
    public void Takes_a_key_of_255_characters_and_none_that_is_longer()
    {
        Assert.Equal(new string('k', 255), Parse(Csv, ("Idempotency-Key", $"\"{new string('k', 255)}\"")).IdempotencyKey);
        Assert.Equal("malformed_header", RefusalOf(Csv, ("Idempotency-Key", new string('k', 256))));
    }

    [Fact]
    public void Refuses_a_digest_of_another_length() =>
        Gen.Byte.Array[0, 64].Where(digest => digest.Length != SHA256.HashSizeInBytes).Sample(digest => Assert.Equal(
            "malformed_header", RefusalOf(Csv, ("Content-Digest", $"sha-256=:{Convert.ToBase64String(digest)}:"))));

    [Fact]
    public void Reads_every_digest_that_it_can_check_and_passes_over_the_others() =>
        Gen.Byte.Array[SHA256.HashSizeInBytes].Sample(digest =>
        {
            string hexadecimal = Convert.ToHexStringLower(digest), base64 = Convert.ToBase64String(digest);
            UploadRequest request = Parse(
                Csv, ("Content-Digest", $"md5=:AAAA:, SHA-256=:{base64}:"), ("Repr-Digest", $"sha-256=:{base64}:"));

            Assert.Equal([("Content-Digest", hexadecimal), ("Repr-Digest", hexadecimal)], request.Digests);
        });

    [Fact]
    public void Whatever_the_headers_say_it_is_understood_or_refused_with_a_reason() =>
        Gen.Select(
            Gen.OneOf(Gen.Const(Csv), HeaderText), Gen.OneOf(Gen.Const("key"), HeaderText), Gen.OneOf(HeaderText, DigestText), HeaderText)
        .Sample(
        (contentType, key, digest, prefer) =>
        {
            try
            {
                UploadRequest request = Parse(
                    contentType, ("Idempotency-Key", key), ("Content-Digest", digest), ("Prefer", prefer));
                Assert.All(request.Digests, d => Assert.Equal(SHA256.HashSizeInBytes * 2, d.Sha256.Length));
            }
            catch (UploadRefusedException refused)
            {
                Assert.NotEmpty(refused.Problem.Code);
            }
        },
        iter: 2_000);

    private static UploadRequest Parse(string? contentType, params (string Name, string Value)[] headers) =>
        Parse(contentType, Dataset, headers);

    private static UploadRequest Parse(string? contentType, DatasetDefinition dataset, params (string Name, string Value)[] headers)
    {
        HttpRequest request = new DefaultHttpContext().Request;
        request.ContentType = contentType;
        foreach ((string name, string value) in headers)
        {
            request.Headers[name] = value;
        }

        return UploadRequest.Parse(request, Caller.Anonymous, dataset);
    }

    private static string RefusalOf(string? contentType, params (string Name, string Value)[] headers) =>
        Assert.Throws<UploadRefusedException>(() => Parse(contentType, headers)).Problem.Code;
}
