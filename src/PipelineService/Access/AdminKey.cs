using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace PipelineService.Access;

/// <summary>The key of the configuration, <c>Access:AdminKey</c>: kept as a digest, and compared as one in constant time.</summary>
internal sealed class AdminKey
{
    private readonly byte[]? _digest;

    public AdminKey(IOptions<AccessOptions> options) =>
        _digest = options.Value.AdminKey is { } key ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : null;

    public static Caller Caller { get; } = new()
    {
        Kind = CallerKind.AdminKey,
        Actor = "admin",
        Scopes = AccessScopes.All,
        Datasets = DatasetPatterns.All,
    };

    public bool IsGiven(ReadOnlySpan<char> text)
    {
        const int LengthMax = 1_000;
        if (_digest is null || text.Length > LengthMax)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[LengthMax * 3];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)], digest);
        return CryptographicOperations.FixedTimeEquals(digest, _digest);
    }
}
