using System.Buffers.Text;
using System.Text.Json;

namespace PipelineService.Access.Tokens;

/// <summary>
/// A token as it is written, before anybody checks its signature: a JWS in compact form (RFC 7515), read strictly. What two
/// programs could read differently is refused: other alphabets, bits left over, a member twice, extensions that must be understood.
/// </summary>
/// <param name="KeyId">Which of the issuer's keys it is said to be signed with.</param>
/// <param name="Type">Its <c>typ</c>.</param>
internal sealed record JwsShape(JwsAlgorithm Algorithm, string? KeyId, string Type, int SignatureBytes)
{
    private const int HeaderLengthMax = 4 << 10;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Members of a header that change what the rest means.</summary>
    private static readonly string[] Unwanted = ["crit", "b64", "zip", "enc"];

    /// <summary>Whether it may be a token: three parts with dots between.</summary>
    public static bool IsLike(ReadOnlySpan<char> text) => text.Count('.') == 2 && text.StartsWith("ey", StringComparison.Ordinal);

    /// <returns>Null when it is no token that could be taken.</returns>
    public static JwsShape? Read(string token)
    {
        string[] parts = token.Split('.');
        if (parts.Length != 3 || parts[0].Length > HeaderLengthMax
            || DecodeStrictly(parts[0]) is not { Length: > 0 } header
            || DecodeStrictly(parts[1]) is not { Length: > 0 } payload
            || DecodeStrictly(parts[2]) is not { Length: > 0 } signature)
        {
            return null;
        }

        try
        {
            using var claims = JsonDocument.Parse(payload, Strict);
            using var json = JsonDocument.Parse(header, Strict);
            return claims.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.ValueKind == JsonValueKind.Object
                ? Read(json.RootElement, signature.Length)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // also what is no UTF-8
        }
    }

    private static JwsShape? Read(JsonElement header, int signatureBytes)
    {
        bool hasKeyId = header.TryGetProperty("kid", out JsonElement keyId);
        return Array.Exists(Unwanted, name => header.TryGetProperty(name, out _))
            || TextOf(header, "alg") is not { } name || JwsAlgorithm.Find(name) is not { } algorithm
            || TextOf(header, "typ") is not { } type
            || (hasKeyId && keyId.ValueKind != JsonValueKind.String)
                ? null
                : new JwsShape(algorithm, hasKeyId ? keyId.GetString() : null, type, signatureBytes);
    }

    private static string? TextOf(JsonElement header, string name) =>
        header.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>No padding, no blanks, no bits that are left over: one text for each sequence of bytes.</summary>
    private static byte[]? DecodeStrictly(string text)
    {
        foreach (char character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('-' or '_'))
            {
                return null;
            }
        }

        if (text.Length % 4 == 1 || !Base64Url.IsValid(text))
        {
            return null;
        }

        byte[] bytes = Base64Url.DecodeFromChars(text);
        return Base64Url.EncodeToString(bytes) == text ? bytes : null;
    }
}
