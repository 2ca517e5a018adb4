using System.Buffers.Text;
using System.Numerics;
using Microsoft.IdentityModel.Tokens;

namespace PipelineService.Access.Tokens;

/// <summary>
/// A signature algorithm that tokens can have (RFC 7518, section 3.1), and which public keys may check it. Each is bound to its kind
/// of key and to its curve: a key of another kind never sees a token, so that none can be taken for what it is not.
/// </summary>
internal sealed record JwsAlgorithm(string Name, string KeyType, string? Curve, int? SignatureBytes)
{
    private const int RsaBytesMin = 256;

    /// <summary>Beyond this a check takes so long that a few requests would be an attack.</summary>
    private const int RsaBytesMax = 1_024;

    private static readonly JwsAlgorithm[] All =
    [
        .. new[] { "RS256", "RS384", "RS512", "PS256", "PS384", "PS512" }
            .Select(name => new JwsAlgorithm(name, JsonWebAlgorithmsKeyTypes.RSA, null, null)),
        new("ES256", JsonWebAlgorithmsKeyTypes.EllipticCurve, JsonWebKeyECTypes.P256, 64),
        new("ES384", JsonWebAlgorithmsKeyTypes.EllipticCurve, JsonWebKeyECTypes.P384, 96),
        new("ES512", JsonWebAlgorithmsKeyTypes.EllipticCurve, JsonWebKeyECTypes.P521, 132),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(algorithm => algorithm.Name)];

    /// <summary>By its exact name; null for any other, for <c>none</c> and for those with shared secrets.</summary>
    public static JwsAlgorithm? Find(string name) => Array.Find(All, algorithm => algorithm.Name == name);

    /// <summary>Whether the issuer means this key for such signatures.</summary>
    public bool Takes(JsonWebKey key) =>
        key.Kty == KeyType
        && (Curve is null || key.Crv == Curve)
        && (string.IsNullOrEmpty(key.Use) || key.Use == "sig")
        && (key.KeyOps.Count == 0 || key.KeyOps.Contains("verify"))
        && (string.IsNullOrEmpty(key.Alg) || key.Alg == Name)
        && (Curve is not null || IsSound(key));

    /// <summary>A signature of another length is none of this key, whatever a library makes of it.</summary>
    public bool FitsSignature(int bytes, JsonWebKey key) => bytes == (SignatureBytes ?? BytesOf(key.N)?.Length);

    private static bool IsSound(JsonWebKey key) =>
        BytesOf(key.N) is { Length: >= RsaBytesMin and <= RsaBytesMax } modulus && (modulus[^1] & 1) == 1
        && BytesOf(key.E) is { Length: > 0 and <= 8 } exponent && (exponent[^1] & 1) == 1 && exponent is not [1]
        && !WeakModulus.Is(new BigInteger(modulus, isUnsigned: true, isBigEndian: true));

    /// <summary>The number, without zeros in front; null when it is none.</summary>
    private static byte[]? BytesOf(string? text)
    {
        if (string.IsNullOrEmpty(text) || !Base64Url.IsValid(text))
        {
            return null;
        }

        byte[] bytes = Base64Url.DecodeFromChars(text);
        return bytes.AsSpan().TrimStart((byte)0).ToArray();
    }
}
