using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace PipelineService.Events.Webhooks;

/// <summary>
/// How secrets lie in the database: those of webhooks are needed as they are, so that they cannot be hashed as keys are. With
/// <see cref="EventsOptions.SecretKey"/> they are encrypted with AES-256-GCM and bound to their webhook, so that a copy of the database has
/// none of them; without it they lie there as they are, for whoever may read it.
/// </summary>
internal sealed class WebhookVault
{
    private const byte Plain = 0;
    private const byte Encrypted = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int HeadBytes = 1 + NonceBytes + TagBytes;

    private readonly byte[]? _key;

    public WebhookVault(IOptions<EventsOptions> options) =>
        _key = options.Value.SecretKey is { } key ? Convert.FromBase64String(key) : null;

    public byte[] Seal(Guid webhook, ReadOnlySpan<byte> secret)
    {
        if (_key is null)
        {
            return [Plain, .. secret];
        }

        byte[] kept = new byte[HeadBytes + secret.Length];
        kept[0] = Encrypted;
        Span<byte> nonce = kept.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using AesGcm aes = new(_key, TagBytes);
        aes.Encrypt(nonce, secret, kept.AsSpan(HeadBytes), kept.AsSpan(1 + NonceBytes, TagBytes), webhook.ToByteArray(bigEndian: true));
        return kept;
    }

    /// <returns>Null when it was encrypted under a key that is not here, for another webhook, or was changed.</returns>
    public byte[]? Open(Guid webhook, ReadOnlySpan<byte> kept)
    {
        if (kept.Length > 0 && kept[0] == Plain)
        {
            return kept[1..].ToArray();
        }

        if (_key is null || kept.Length < HeadBytes || kept[0] != Encrypted)
        {
            return null;
        }

        byte[] secret = new byte[kept.Length - HeadBytes];
        using AesGcm aes = new(_key, TagBytes);
        try
        {
            aes.Decrypt(
                kept.Slice(1, NonceBytes), kept[HeadBytes..], kept.Slice(1 + NonceBytes, TagBytes), secret, webhook.ToByteArray(bigEndian: true));
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
