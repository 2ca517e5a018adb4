using System.Globalization;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Tokens;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>
/// Signatures that are nearly right, of the kinds that libraries have taken before: padding that is read loosely, numbers out of range,
/// keys that come with the token, texts that decode in more ways than one. Made with the issuer's own key, so that nothing else is wrong.
/// </summary>
public sealed class TokenVectorTests(GuardedService service) : IClassFixture<GuardedService>
{
    private const int ModulusBytes = 256;

    /// <summary>DER of the algorithm SHA-256 with NULL, and of the octets behind it.</summary>
    private static readonly byte[] Sha256Info = Convert.FromHexString("3031300d060960864801650304020105000420");

    private static readonly BigInteger P256Order = BigInteger.Parse(
        "00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static JsonObject Rs256 => TokenIssuer.Header("RS256", "rsa");

    private static JsonObject Es256 => TokenIssuer.Header("ES256", "P-256");

    [Fact]
    public async Task Refuses_signatures_that_are_nearly_right()
    {
        List<string> taken = [];
        (string, string)[] forgeries = [.. Padding(), .. Pss(), .. Numbers(), .. Curves(), .. Foreign(), .. Texts()];
        foreach ((string what, string token) in forgeries)
        {
            HttpStatusCode status = await StatusAsync(token);
            if (status != HttpStatusCode.Unauthorized)
            {
                taken.Add($"{what}: {status}");
            }
        }

        Assert.Empty(taken);
    }

    /// <summary>What the others are made by makes good ones, too: without that they would be refused for another reason.</summary>
    [Fact]
    public async Task Takes_the_same_made_right()
    {
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(Padded(hash => Block(1, 0xFF, [.. Sha256Info, .. hash]))));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(TokenIssuer.SignBy(
            TokenIssuer.Header("PS256", "rsa"), signed => service.Issuer.RawRsa(PssBlock(SHA256.HashData(signed), new byte[32])))));
        Assert.Equal(
            HttpStatusCode.OK, await StatusAsync(TokenIssuer.SignBy(Es256, signed => service.Issuer.SignWithCurve("P-256", signed))));
    }

    /// <summary>RFC 8017, section 9.2: of all that a padding could be one is right.</summary>
    private IEnumerable<(string, string)> Padding()
    {
        (string What, Func<byte[], byte[]> Block)[] blocks =
        [
            ("garbage behind the hash", hash => [.. Block(1, 0xFF, [.. Sha256Info, .. hash], ModulusBytes - 40), .. new byte[40]]),
            (
                "padding of eight bytes",
                hash => [0, 1, .. Enumerable.Repeat((byte)0xFF, 8), 0, .. Sha256Info, .. hash, .. new byte[ModulusBytes - 11 - 51]]),
            ("padding of zeros", hash => Block(1, 0, [.. Sha256Info, .. hash])),
            ("padding for encryption", hash => Block(2, 0xFF, [.. Sha256Info, .. hash])),
            ("no padding", hash => [.. new byte[ModulusBytes - 51], .. Sha256Info, .. hash]),
            ("no end of the padding", hash => [0, 1, .. Enumerable.Repeat((byte)0xFF, ModulusBytes - 2 - 51), .. Sha256Info, .. hash]),
            ("the hash alone", hash => Block(1, 0xFF, hash)),
            (
                "no NULL behind the algorithm",
                hash => Block(1, 0xFF, [.. Convert.FromHexString("302f300b0609608648016503040201"), 4, 32, .. hash])),
            ("two NULLs", hash => Block(1, 0xFF, [.. Convert.FromHexString("3033300f0609608648016503040201050005000420"), .. hash])),
            (
                "a long form of a length",
                hash => Block(1, 0xFF, [.. Convert.FromHexString("308131300d060960864801650304020105000420"), .. hash])),
            (
                "an indefinite length",
                hash => Block(1, 0xFF, [.. Convert.FromHexString("3080300d060960864801650304020105000420"), .. hash, 0, 0])),
            (
                "SHA-1 under the name of SHA-256",
                hash => Block(1, 0xFF, [.. Convert.FromHexString("3021300906052b0e03021a05000414"), .. hash.AsSpan(0, 20)])),
            (
                "SHA-512 under the name of SHA-256",
                hash => Block(1, 0xFF, [.. Convert.FromHexString("3051300d060960864801650304020305000440"), .. hash, .. hash])),
            ("a hash of another text", hash => Block(1, 0xFF, [.. Sha256Info, .. SHA256.HashData(hash)])),
            ("a hash that is cut", hash => Block(1, 0xFF, [.. Sha256Info, .. hash.AsSpan(0, 31)])),
        ];
        return blocks.Select(block => (block.What, Padded(block.Block)));
    }

    /// <summary>RFC 8017, section 9.1, with a salt as long as the hash (RFC 7518, section 3.5).</summary>
    private IEnumerable<(string, string)> Pss()
    {
        (string What, Func<byte[], byte[]> Block)[] blocks =
        [
            ("no salt", hash => PssBlock(hash, [])),
            ("a short salt", hash => PssBlock(hash, new byte[20])),
            ("a long salt", hash => PssBlock(hash, new byte[64])),
            ("another trailer", hash => [.. PssBlock(hash, new byte[32])[..^1], 0xCC]),
            ("another mask", hash => PssBlock(hash, new byte[32], SHA1.HashData)),
            ("the padding of RS256", hash => Block(1, 0xFF, [.. Sha256Info, .. hash])),
        ];
        return blocks.Select(block => (block.What, TokenIssuer.SignBy(
            TokenIssuer.Header("PS256", "rsa"), signed => service.Issuer.RawRsa(block.Block(SHA256.HashData(signed))))));
    }

    private IEnumerable<(string, string)> Numbers()
    {
        BigInteger modulus = TokenIssuer.NumberOf(service.Issuer.PublicModulus);
        foreach ((string name, BigInteger number) in new[]
        {
            ("0", BigInteger.Zero), ("1", BigInteger.One), ("n-1", modulus - 1), ("n", modulus),
        })
        {
            yield return ($"the signature {name}", TokenIssuer.SignBy(Rs256, _ => TokenIssuer.ToBytes(number, ModulusBytes)));
        }

        byte[] Good(byte[] signed) => service.Issuer.RawRsa(Block(1, 0xFF, [.. Sha256Info, .. SHA256.HashData(signed)]));
        yield return (
            "a signature and n",
            TokenIssuer.SignBy(Rs256, signed => TokenIssuer.ToBytes(TokenIssuer.NumberOf(Good(signed)) + modulus, ModulusBytes)));
        yield return ("a zero before it", TokenIssuer.SignBy(Rs256, signed => [0, .. Good(signed)]));
        yield return ("a zero behind it", TokenIssuer.SignBy(Rs256, signed => [.. Good(signed), 0]));
    }

    private IEnumerable<(string, string)> Curves()
    {
        (string Name, BigInteger Number)[] edges = [("0", 0), ("1", 1), ("n-1", P256Order - 1), ("n", P256Order), ("n+1", P256Order + 1)];
        foreach ((string left, BigInteger r) in edges)
        {
            foreach ((string right, BigInteger s) in edges)
            {
                yield return (
                    $"r {left} and s {right}",
                    TokenIssuer.SignBy(Es256, _ => [.. TokenIssuer.ToBytes(r, 32), .. TokenIssuer.ToBytes(s, 32)]));
            }
        }

        byte[] Good(byte[] signed) => service.Issuer.SignWithCurve("P-256", signed);
        yield return (
            "r and n",
            TokenIssuer.SignBy(
                Es256,
                signed => [.. TokenIssuer.ToBytes(TokenIssuer.NumberOf(Good(signed)[..32]) + P256Order, 33), .. Good(signed)[32..]]));
        yield return ("zeros behind", TokenIssuer.SignBy(Es256, signed => [.. Good(signed), 0, 0]));
        yield return ("a zero before each", TokenIssuer.SignBy(Es256, signed => [0, .. Good(signed)[..32], 0, .. Good(signed)[32..]]));
        yield return (
            "as DER", TokenIssuer.SignBy(Es256, signed => [0x30, 0x44, 2, 32, .. Good(signed)[..32], 2, 32, .. Good(signed)[32..]]));
    }

    /// <summary>Keys that the forger brings along, or says where to fetch.</summary>
    private static IEnumerable<(string, string)> Foreign()
    {
        using var own = RSA.Create(2048);
        RSAParameters key = own.ExportParameters(false);
        JsonObject jwk = new() { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = Base64(key.Modulus!), ["e"] = Base64(key.Exponent!) };
        foreach ((string name, JsonNode value) in new (string, JsonNode)[]
        {
            ("jwk", jwk), ("jku", "https://issuer.example/keys"), ("x5u", "https://issuer.example/keys"), ("x5c", new JsonArray("MIIB")), ("x5t", "AAAA"),
        })
        {
            JsonObject header = Rs256;
            header[name] = value;
            yield return (
                $"a key by {name}",
                TokenIssuer.SignBy(header, signed => own.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
            header.Remove("kid");
            yield return (
                $"a key by {name}, no kid",
                TokenIssuer.SignBy(header, signed => own.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        }
    }

    private IEnumerable<(string, string)> Texts()
    {
        string good = service.Issuer.Issue();
        string[] parts = good.Split('.');
        for (int i = 0; i < parts.Length; i++)
        {
            foreach (string mark in new[] { "=", "+", "/", "!", "\t" })
            {
                string[] changed = [.. parts];
                changed[i] = changed[i].Insert(changed[i].Length / 2, mark);
                yield return ($"'{mark}' in part {i}", string.Join('.', changed));
            }
        }

        yield return ("in the form of JSON", $$"""{"protected":"{{parts[0]}}","payload":"{{parts[1]}}","signature":"{{parts[2]}}"}""");
        foreach (
            string algorithm in new[] { "rs256", "RS256 ", "RS1", "", "HS256", "HS384", "HS512", "EdDSA", "ES256K", "RSA-OAEP", "dir" })
        {
            yield return ($"alg {algorithm}", TokenIssuer.SignBy(
                TokenIssuer.Header(algorithm, "rsa"), signed => service.Issuer.RawRsa(
                    Block(1, 0xFF, [.. Sha256Info, .. SHA256.HashData(signed)]))));
        }
    }

    /// <summary>Keys that an issuer should not show: none of them lets anybody in, and none of them ends a request in a fault.</summary>
    [Theory]
    [InlineData("""{ "kty": "RSA", "n": "AQAB", "e": "AQAB" }""")]
    [InlineData("""{ "kty": "RSA", "n": "MODULUS", "e": "AQ" }""")]
    [InlineData("""{ "kty": "RSA", "n": "MODULUS", "e": "Ag" }""")]
    [InlineData("""{ "kty": "RSA", "n": "not base64!", "e": "AQAB" }""")]
    [InlineData("""{ "kty": "RSA", "n": "MODULUS" }""")]
    [InlineData("""{ "kty": "RSA", "use": "enc", "n": "MODULUS", "e": "AQAB" }""")]
    [InlineData("""{ "kty": "RSA", "key_ops": ["sign"], "n": "MODULUS", "e": "AQAB" }""")]
    [InlineData("""{ "kty": "RSA", "alg": "RS512", "n": "MODULUS", "e": "AQAB" }""")]
    [InlineData("""{ "kty": "oct", "k": "MODULUS" }""")]
    [InlineData("""{ "kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ" }""")]
    [InlineData("""{ "kty": "EC", "crv": "P-256", "x": "MODULUS", "y": "MODULUS" }""")]
    public async Task No_unsound_key_lets_anybody_in(string key)
    {
        using TemporaryFolder folder = new();
        string file = Path.Combine(folder.Path, "keys.json");
        await File.WriteAllTextAsync(
            file, $$"""{ "keys": [{{key.Replace("MODULUS", Base64(service.Issuer.PublicModulus), StringComparison.Ordinal)}}] }""", TestContext.Current.CancellationToken);
        using TokenReader reader = new(
            Options.Create(new AccessOptions { TokenIssuer = TokenIssuer.Name, TokenAudience = TokenIssuer.Audience, TokenKeys = file }),
            TimeProvider.System,
            NullLogger<TokenReader>.Instance);

        foreach (string algorithm in new[] { "RS256", "ES256" })
        {
            JsonObject header = TokenIssuer.Header(algorithm, null);
            header.Remove("kid");
            (Caller? caller, PipelineService.Hosting.Http.Problem? problem) = await reader.ReadAsync(
                service.Issuer.Sign(header, TokenIssuer.Claims()), TestContext.Current.CancellationToken);
            Assert.Equal((null, "unauthorized"), (caller, problem?.Code));
        }
    }

    /// <summary>Primes of the form that the library made them in; the modulus needs not be a product of two for that.</summary>
    [Fact]
    public void Knows_keys_of_the_weak_form()
    {
        var ofThatForm = BigInteger.Pow(65_537, 128);

        Assert.True(WeakModulus.Is(ofThatForm));
        Assert.False(WeakModulus.Is(TokenIssuer.NumberOf(service.Issuer.PublicModulus)));
    }

    private string Padded(Func<byte[], byte[]> block) =>
        TokenIssuer.SignBy(Rs256, signed => service.Issuer.RawRsa(block(SHA256.HashData(signed))));

    private static byte[] Block(byte kind, byte padding, byte[] content, int length = ModulusBytes) =>
        [0, kind, .. Enumerable.Repeat(padding, length - 3 - content.Length), 0, .. content];

    private static byte[] PssBlock(byte[] hash, byte[] salt, Func<byte[], byte[]>? maskHash = null)
    {
        byte[] inner = SHA256.HashData([.. new byte[8], .. hash, .. salt]);
        byte[] data = [.. new byte[ModulusBytes - salt.Length - inner.Length - 2], 1, .. salt];
        List<byte> mask = [];
        for (int counter = 0; mask.Count < data.Length; counter++)
        {
            mask.AddRange((maskHash ?? SHA256.HashData)([.. inner, 0, 0, 0, (byte)counter]));
        }

        byte[] masked = [.. data.Zip(mask, (value, bits) => (byte)(value ^ bits))];
        masked[0] &= 0x7F;
        return [.. masked, .. inner, 0xBC];
    }

    private static string Base64(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

    private async Task<HttpStatusCode> StatusAsync(string token)
    {
        // A text that no header can hold is sent all the same.
        using RawConnection connection = await RawConnection.OpenAsync(
            service.Api.Address, $"GET /v1/datasets?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
        return ApiAnswer.Parse(await connection.ReadUntilEndAsync()).Status;
    }
}
