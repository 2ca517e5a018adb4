using PipelineService.Core.Datasets;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Decoding;

public sealed class ContentCodingTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("identity", null)]
    [InlineData("gzip", "gzip")]
    [InlineData("X-GZIP", "gzip")]
    [InlineData(" deflate ,br,\tzstd, identity,, gzip", "deflate, br, zstd, gzip")]
    public void Names_are_read_as_http_lists(string value, string? written)
    {
        Assert.Equal(written, ContentCodings.Write(ContentCodings.Parse(value, out string? unknown)));
        Assert.Null(unknown);
    }

    [Theory]
    [InlineData("compress", "compress")]
    [InlineData("gzip, bzip2, br", "bzip2")]
    [InlineData("gzip;q=1", "gzip;q=1")]
    public void The_first_that_is_not_known_is_told(string value, string first)
    {
        Assert.Empty(ContentCodings.Parse(value, out string? unknown));
        Assert.Equal(first, unknown);
    }

    [Fact]
    public void What_can_be_undone_is_what_is_accepted() => Assert.Equal("gzip, deflate, br, zstd", ContentCodings.Accepted);

    [Fact]
    public void A_manifest_keeps_what_has_to_be_undone()
    {
        SpoolManifest manifest = SpoolWriting.ManifestOf(Guid.CreateVersion7(), 1) with
        {
            ContentEncoding = "br, gzip",
            Compression = FileCompression.Auto,
        };

        var codings = UploadCodings.Of(manifest);

        Assert.Equal([ContentCoding.Brotli, ContentCoding.Gzip], codings.OfRequest);
        Assert.Equal(("br, gzip, auto", false), (codings.Name, codings.DependsOnStart));
        Assert.True(UploadCodings.Of(manifest with { ContentEncoding = null, Compression = FileCompression.None }).IsNone);
        Assert.Throws<SpoolNewerException>(() => UploadCodings.Of(manifest with { ContentEncoding = "dcb" }));
    }
}
