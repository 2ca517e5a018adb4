using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>
/// An OpenID provider as far as tokens go: keys of its own in a JWKS, and a hand that signs whatever it is given, so that tokens
/// can be wrong in every way.
/// </summary>
public sealed class TokenIssuer : IDisposable
{
    public const string Name = "https://issuer.example/realm";
    public const string Audience = "pipeline";

    private readonly TemporaryFolder _folder = new();
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly Dictionary<string, ECDsa> _curves = new()
    {
        ["P-256"] = ECDsa.Create(ECCurve.NamedCurves.nistP256),
        ["P-384"] = ECDsa.Create(ECCurve.NamedCurves.nistP384),
        ["P-521"] = ECDsa.Create(ECCurve.NamedCurves.nistP521),
    };

    public TokenIssuer()
    {
        KeysFile = Path.Combine(_folder.Path, "keys.json");
        File.WriteAllText(KeysFile, KeySet().ToJsonString());
    }

    public string KeysFile { get; }

    /// <summary>The public key as a text, which a forger takes for a shared secret.</summary>
    public string PublicKey => _rsa.ExportSubjectPublicKeyInfoPem();

    public byte[] PublicModulus => _rsa.ExportParameters(false).Modulus!;

    public void Dispose()
    {
        _rsa.Dispose();
        _folder.Dispose();
        foreach (ECDsa curve in _curves.Values)
        {
            curve.Dispose();
        }
    }

    /// <summary>A header for a key of the set.</summary>
    public static JsonObject Header(string algorithm, string? keyId) =>
        new() { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = keyId };

    /// <summary>Claims that are good, for everything of a tenant.</summary>
    public static JsonObject Claims(string scope = "pipeline:read pipeline:ingest other")
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        return new()
        {
            ["iss"] = Name,
            ["aud"] = Audience,
            ["sub"] = "robot",
            ["iat"] = now,
            ["nbf"] = now - 10,
            ["exp"] = now + 300,
            ["scope"] = scope,
            ["tenant"] = "acme",
            ["datasets"] = new JsonArray("*"),
            ["source"] = "*",
        };
    }

    /// <summary>A good token.</summary>
    public string Issue(JsonObject? claims = null, string algorithm = "RS256") =>
        Sign(Header(algorithm, KeyIdOf(algorithm)), claims ?? Claims());

    /// <summary>Signs by the algorithm that the header names, with the key that goes with it.</summary>
    public string Sign(JsonObject header, JsonObject claims) => Sign(header.ToJsonString(), claims.ToJsonString());

    /// <inheritdoc cref="Sign(JsonObject, JsonObject)"/>
    public string Sign(string header, string claims)
    {
        string signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(SignatureOf(AlgorithmOf(header), Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>A curve's signature under a name that is another curve's.</summary>
    public string SignWithCurve(string algorithm, string keyId, string curve, HashAlgorithmName hash)
    {
        string signed = $"{Encode(Header(algorithm, keyId).ToJsonString())}.{Encode(Claims().ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(_curves[curve].SignData(Encoding.ASCII.GetBytes(signed), hash))}";
    }

    /// <summary>With a signature that somebody makes of what is signed, however they do it.</summary>
    public static string SignBy(JsonObject header, Func<byte[], byte[]> sign)
    {
        string signed = $"{Encode(header.ToJsonString())}.{Encode(Claims().ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>The bare operation of the private RSA key, on a block of its length.</summary>
    public byte[] RawRsa(byte[] block)
    {
        RSAParameters key = _rsa.ExportParameters(true);
        var result = BigInteger.ModPow(NumberOf(block), NumberOf(key.D!), NumberOf(key.Modulus!));
        return ToBytes(result, key.Modulus!.Length);
    }

    public byte[] SignWithCurve(string curve, byte[] signed) => _curves[curve].SignData(signed, HashAlgorithmName.SHA256);

    public static BigInteger NumberOf(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    public static byte[] ToBytes(BigInteger number, int length)
    {
        byte[] bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[Math.Max(0, length - bytes.Length)], .. bytes];
    }

    public static string SignWithSecret(JsonObject header, byte[] secret)
    {
        string signed = $"{Encode(header.ToJsonString())}.{Encode(Claims().ToJsonString())}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string KeyIdOf(string algorithm) => algorithm switch
    {
        "ES256" => "P-256",
        "ES384" => "P-384",
        "ES512" => "P-521",
        _ => "rsa",
    };

    /// <summary>Of a header that may be no JSON that a strict reader takes.</summary>
    private static string AlgorithmOf(string header) => header.Split("\"alg\":\"")[1][..5];

    private byte[] SignatureOf(string algorithm, byte[] signed)
    {
        HashAlgorithmName hash = algorithm[^3..] switch
        {
            "384" => HashAlgorithmName.SHA384,
            "512" => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
        return algorithm[..2] switch
        {
            "ES" => _curves[KeyIdOf(algorithm)].SignData(signed, hash),
            "PS" => _rsa.SignData(signed, hash, RSASignaturePadding.Pss),
            _ => _rsa.SignData(signed, hash, RSASignaturePadding.Pkcs1),
        };
    }

    /// <summary>The public keys, as the issuer shows them.</summary>
    public JsonObject KeySet()
    {
        RSAParameters rsa = _rsa.ExportParameters(false);
        JsonArray keys =
        [
            new JsonObject { ["kty"] = "RSA", ["kid"] = "rsa", ["n"] = Encode(rsa.Modulus!), ["e"] = Encode(rsa.Exponent!) },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "enc", ["use"] = "enc", ["n"] = Encode(rsa.Modulus!), ["e"] = Encode(rsa.Exponent!) },
            new JsonObject { ["kty"] = "RSA", ["kid"] = "ps", ["alg"] = "PS512", ["n"] = Encode(rsa.Modulus!), ["e"] = Encode(rsa.Exponent!) },
            new JsonObject { ["kty"] = "oct", ["kid"] = "shared", ["k"] = Encode("0123456789abcdef0123456789abcdef"u8.ToArray()) },
        ];
        foreach ((string name, ECDsa curve) in _curves)
        {
            ECPoint point = curve.ExportParameters(false).Q;
            keys.Add(new JsonObject { ["kty"] = "EC", ["kid"] = name, ["crv"] = name, ["x"] = Encode(point.X!), ["y"] = Encode(point.Y!) });
        }

        return new JsonObject { ["keys"] = keys };
    }

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
