using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using PipelineService.Core.Datasets;
using PipelineService.Hosting;
using PipelineService.Transform;

namespace PipelineService.Intake;

/// <summary>What the headers and the query of an upload say, checked.</summary>
public sealed record UploadRequest
{
    /// <summary>What the value of Accept-Post lists (some aliases are taken as well).</summary>
    public static readonly string[] ContentTypes = ["text/csv", "text/tab-separated-values", "application/x-ndjson"];

    public static readonly string AcceptPost = string.Join(", ", ContentTypes);

    public const int SourceLengthMax = 100;
    internal const int KeyLengthMax = 255;

    public required string ContentType { get; init; }

    public required SpoolUploadKind Kind { get; init; }

    public string? Source { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>Header name and SHA-256 (lower-case hexadecimal) of each digest that the sender announced.</summary>
    public required IReadOnlyList<(string Header, string Sha256)> Digests { get; init; }

    /// <summary>How long the sender is willing to wait for the job's end.</summary>
    public TimeSpan? Wait { get; init; }

    /// <exception cref="UploadRefusedException">Something in them cannot be taken.</exception>
    public static UploadRequest Parse(HttpRequest request) => new()
    {
        ContentType = ParseContentType(request, out SpoolUploadKind kind),
        Kind = kind,
        Source = ParseSource(request.Query["source"]),
        IdempotencyKey = ParseKey(request.Headers["Idempotency-Key"]),
        Digests = [.. ParseDigests(request, "Content-Digest"), .. ParseDigests(request, "Repr-Digest")],
        Wait = PreferHeader.ParseWait(request.Headers["Prefer"]),
    };

    private static string ParseContentType(HttpRequest request, out SpoolUploadKind kind)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type))
        {
            throw new UploadRefusedException(UploadRefusal.UnsupportedMediaType(request.ContentType));
        }

        string mediaType = type.MediaType.ToString().ToLowerInvariant();
        kind = mediaType switch
        {
            "text/csv" or "application/csv" => new SpoolUploadKind(DataFormat.Csv, Delimiter: null),
            "text/tab-separated-values" => new SpoolUploadKind(DataFormat.Csv, Delimiter: (byte)'\t'),
            "application/x-ndjson" or "application/ndjson" or "application/jsonl" => new SpoolUploadKind(DataFormat.Ndjson, null),
            _ => throw new UploadRefusedException(UploadRefusal.UnsupportedMediaType(request.ContentType)),
        };
        string charset = type.Charset.ToString().Trim('"');
        if (charset.Length > 0 && charset.ToLowerInvariant() is not ("utf-8" or "utf8" or "us-ascii"))
        {
            throw new UploadRefusedException(UploadRefusal.UnsupportedCharset(charset));
        }

        string encoding = request.Headers.ContentEncoding.ToString();
        return encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)
            ? mediaType
            : throw new UploadRefusedException(UploadRefusal.UnsupportedEncoding(encoding));
    }

    private static string? ParseSource(StringValues values)
    {
        string source = values.ToString();
        if (source.Length == 0)
        {
            return null;
        }

        // Characters, as PostgreSQL's length() and the sender count them: an emoji is one, and two of a .NET string's.
        int length = source.EnumerateRunes().Count();
        return length <= SourceLengthMax && !source.Any(char.IsControl)
            ? source
            : throw new UploadRefusedException(UploadRefusal.SourceUnusable(length));
    }

    private static string? ParseKey(StringValues values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        string key = values.Count == 1 ? values[0]!.Trim().Trim('"') : string.Empty;
        return key.Length is > 0 and <= KeyLengthMax && key.All(c => c is > ' ' and < (char)127)
            ? key
            : throw new UploadRefusedException(UploadRefusal.MalformedHeader(
                "Idempotency-Key", $"give one value of 1 to {KeyLengthMax} visible ASCII characters."));
    }

    /// <summary>The sha-256 members of a digest header; other algorithms are passed over (RFC 9530).</summary>
    private static IEnumerable<(string Header, string Sha256)> ParseDigests(HttpRequest request, string header)
    {
        foreach (string member in request.Headers[header].SelectMany(v => (v ?? string.Empty).Split(',')))
        {
            string[] parts = member.Trim().Split('=', 2);
            if (!parts[0].Equals("sha-256", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            byte[] digest = new byte[32];
            string value = parts.Length == 2 ? parts[1].Trim() : string.Empty;
            if (value.Length < 2 || value[0] != ':' || value[^1] != ':'
                || !Convert.TryFromBase64String(value[1..^1], digest, out int written) || written != digest.Length)
            {
                throw new UploadRefusedException(UploadRefusal.MalformedHeader(
                    header, "write sha-256=:BASE64: with the 32 bytes of the digest (RFC 9530)."));
            }

            yield return (header, Convert.ToHexStringLower(digest));
        }
    }
}
