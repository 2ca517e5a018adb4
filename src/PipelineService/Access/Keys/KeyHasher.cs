using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>
/// Hashes keys with HMAC-SHA-256 under a secret of the installation: <c>Access:HashKey</c>, or one that the database keeps.
/// </summary>
/// <remarks>
/// No slow hash: a key is 256 random bits, so that nobody who has stolen the hashes can try them all, at whatever speed, and each
/// request would pay for the slowness. The secret is against who can write to the database: with <c>Access:HashKey</c> they cannot
/// put in a key of their own.
/// </remarks>
internal sealed class KeyHasher(IOptions<AccessOptions> options, Database database)
{
    /// <summary>What is stored of a secret: enough to tell that another one is used, nothing to guess it by.</summary>
    private const int MarkBytes = 4;

    private Secret? _secret;

    /// <summary>Which secret hashes were made with; those of another can match nothing.</summary>
    /// <exception cref="InvalidOperationException">The database has not been reached since the service started.</exception>
    public string Mark => Current.Mark;

    private Secret Current => _secret ??= Read();

    /// <param name="text">The bytes of the whole key.</param>
    public void Hash(ReadOnlySpan<byte> text, Span<byte> hash) => HMACSHA256.HashData(Current.Bytes, text, hash);

    public byte[] Hash(string key)
    {
        byte[] hash = new byte[HMACSHA256.HashSizeInBytes];
        Hash(Encoding.ASCII.GetBytes(key), hash);
        return hash;
    }

    private Secret Read()
    {
        byte[] bytes = options.Value.HashKey is { } given ? Encoding.UTF8.GetBytes(given) : database.Identity.Secret;
        byte[] mark = HMACSHA256.HashData(bytes, "which secret is it"u8);
        return new Secret(bytes, Convert.ToHexStringLower(mark.AsSpan(0, MarkBytes)));
    }

    private sealed record Secret(byte[] Bytes, string Mark);
}
