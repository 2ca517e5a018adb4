using PipelineService.Sources.Buckets;

namespace PipelineService.Tests.Sources.Buckets;

/// <summary>Requests are signed as the examples of the Amazon S3 API reference are.</summary>
public sealed class RequestSignatureTests
{
    private static readonly StoreOptions Store = new()
    {
        Endpoint = new Uri("https://s3.amazonaws.com"),
        AccessKey = "AKIAIOSFODNN7EXAMPLE",
        SecretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    };

    [Theory]
    [InlineData("/test.txt", "bytes=0-9", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")]
    [InlineData("/?lifecycle", null, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")]
    [InlineData("/?max-keys=2&prefix=J", null, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")]
    public void Signs_as_the_reference_does(string path, string? range, string signature)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "https://examplebucket.s3.amazonaws.com" + path);
        if (range is not null)
        {
            request.Headers.TryAddWithoutValidation("Range", range);
        }

        RequestSignature.Sign(request, Store, new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero));

        string sent = Assert.Single(request.Headers.NonValidated["Authorization"]);
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;", sent, StringComparison.Ordinal);
        Assert.EndsWith($"Signature={signature}", sent, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_nothing_is_signed()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "http://127.0.0.1:9000/public");

        RequestSignature.Sign(request, new StoreOptions(), DateTimeOffset.UnixEpoch);

        Assert.False(request.Headers.Contains("Authorization"));
    }
}
