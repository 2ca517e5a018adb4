using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// Secrets and signatures of Standard Webhooks 1.0: HMAC-SHA-256 over <c>id.timestamp.body</c>, of the very bytes that are sent.
/// Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
/// </summary>
internal static class WebhookSignature
{
    public const string Id = "webhook-id";
    public const string Timestamp = "webhook-timestamp";
    public const string Signature = "webhook-signature";

    private const string Prefix = "whsec_";
    private const int SecretBytes = 32;

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>As whoever receives deliveries is given it.</summary>
    public static string Show(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    /// <param name="at">Seconds since 1970.</param>
    /// <returns>The header: a signature for each secret, with blanks between.</returns>
    public static string Sign(IEnumerable<byte[]> secrets, string id, long at, ReadOnlySpan<byte> body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at}.")), .. body];
        return string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, signed))));
    }
}
