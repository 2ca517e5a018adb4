using System.Collections.Immutable;
using Microsoft.Extensions.Primitives;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Spool.Decoding;

namespace PipelineService.Intake;

/// <summary>What the headers and the query of an upload say, checked.</summary>
public sealed record UploadRequest
{
    public const int SourceLengthMax = 100;
    internal const int KeyLengthMax = 255;

    /// <summary>The type that the data is read as, without parameters.</summary>
    public required string ContentType { get; init; }

    public required UploadForm Kind { get; init; }

    /// <summary>Codings of the body, in the order in which they were applied.</summary>
    public ImmutableArray<ContentCoding> Codings { get; init; } = [];

    /// <summary>How the file in it is compressed.</summary>
    public FileCompression Compression { get; init; }

    /// <summary>The encoding of its text.</summary>
    public TextEncoding Encoding { get; init; } = TextEncoding.Utf8;

    /// <summary>Who sends it.</summary>
    public Caller Caller { get; init; } = Caller.Anonymous;

    /// <summary>What was said; of a caller who is bound to one that.</summary>
    public string? Source { get; init; }

    /// <summary>
    /// The key as it is kept: with the source and a blank in front where the caller is bound to one. No key holds a blank, so that
    /// callers who may not see each other's jobs have no key in common, and one who guesses another's learns nothing.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>What all files of a form have in common; null of an upload by itself.</summary>
    public Guid? Batch { get; init; }

    /// <summary>The job whose rows those of this upload are to take the place of.</summary>
    public Guid? Replaces { get; init; }

    /// <summary>What a source takes it from; null of what somebody sends.</summary>
    public TakenFrom? Taken { get; init; }

    /// <summary>Header name and SHA-256 (lower-case hexadecimal) of each digest that the sender announced.</summary>
    public required IReadOnlyList<(string Header, string Sha256)> Digests { get; init; }

    /// <summary>How long the sender is willing to wait for the job's end.</summary>
    public TimeSpan? Wait { get; init; }

    /// <param name="request">Whose headers and query are read.</param>
    /// <param name="caller">Who sends it.</param>
    /// <param name="dataset">What the upload is for; it says how the data is written where the request does not.</param>
    /// <exception cref="UploadRefusedException">Something in them cannot be taken.</exception>
    public static UploadRequest Parse(HttpRequest request, Caller caller, DatasetDefinition dataset)
    {
        (string mediaType, UploadForm kind, FileCompression compression) = UploadContentType.Of(request.ContentType, dataset);
        return Parse(request, caller, (mediaType, kind, compression)) with { Encoding = UploadCharset.Of(request.ContentType, kind, dataset) };
    }

    /// <param name="type">What the data is read as.</param>
    /// <inheritdoc cref="Parse(HttpRequest, Caller, DatasetDefinition)"/>
    internal static UploadRequest Parse(
        HttpRequest request, Caller caller, (string MediaType, UploadForm Kind, FileCompression Compression) type)
    {
        (string mediaType, UploadForm kind, FileCompression compression) = type;
        return new()
        {
            ContentType = mediaType,
            Kind = kind,
            Codings = ParseCodings(request.Headers.ContentEncoding),
            Compression = compression,
            Caller = caller,
            Source = SourceOf(caller, ParseSource(request.Query["source"])),
            Replaces = ParseReplaces(request.Query["replaces"]),
            IdempotencyKey = KeyOf(caller, ParseKey(request.Headers["Idempotency-Key"])),
            Digests = [.. ParseDigests(request, "Content-Digest"), .. ParseDigests(request, "Repr-Digest")],
            Wait = ParseWait(request.Headers[PreferHeader.Name]),
        };
    }

    private static ImmutableArray<ContentCoding> ParseCodings(StringValues values)
    {
        string encoding = values.ToString();
        ImmutableArray<ContentCoding> codings = ContentCodings.Parse(encoding, out string? unknown);
        return unknown is not null ? throw new UploadRefusedException(UploadProblems.UnsupportedEncoding(encoding, unknown))
            : codings.Length > ContentCodings.DepthMax ? throw new UploadRefusedException(UploadProblems.TooManyEncodings(encoding))
            : codings;
    }

    private static TimeSpan? ParseWait(StringValues prefer) => PreferHeader.TryReadWait(prefer, out TimeSpan? wait)
        ? wait
        : throw new UploadRefusedException(Problem.MalformedHeader(PreferHeader.Name, PreferHeader.Fault));

    internal static string? SourceOf(Caller caller, string? said) => caller.Source is not { } bound || said is null || said == bound
        ? caller.Source ?? said
        : throw new UploadRefusedException(UploadProblems.SourceNotAllowed(bound));

    private static string? KeyOf(Caller caller, string? sent) =>
        sent is null || caller.Source is null ? sent : $"{caller.Source} {sent}";

    internal static string? ParseSource(StringValues values)
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
            : throw new UploadRefusedException(UploadProblems.SourceUnusable(length));
    }

    private static Guid? ParseReplaces(StringValues values) => values.Count == 0
        ? null
        : Guid.TryParseExact(values.ToString(), "D", out Guid job)
            ? job
            : throw new UploadRefusedException(UploadProblems.ReplacesUnusable);

    private static string? ParseKey(StringValues values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        string key = values.Count == 1 ? values[0]!.Trim().Trim('"') : string.Empty;
        return key.Length is > 0 and <= KeyLengthMax && key.All(c => c is > ' ' and < (char)127)
            ? key
            : throw new UploadRefusedException(Problem.MalformedHeader(
                "Idempotency-Key", $"give one value of 1 to {KeyLengthMax} visible ASCII characters."));
    }

    /// <summary>
    /// The sha-256 members of a digest header. Other algorithms are passed over beside it (RFC 9530); alone they are refused:
    /// the sender counts on a check that nobody would make.
    /// </summary>
    private static List<(string Header, string Sha256)> ParseDigests(HttpRequest request, string header)
    {
        List<(string Header, string Sha256)> digests = [];
        List<string> others = [];
        foreach (string member in request.Headers[header].SelectMany(v => (v ?? string.Empty).Split(',')))
        {
            string[] parts = member.Trim().Split('=', 2);
            if (parts[0].Equals("sha-256", StringComparison.OrdinalIgnoreCase))
            {
                digests.Add((header, ParseSha256(header, parts.ElementAtOrDefault(1)?.Trim() ?? "")));
            }
            else if (parts[0].Length > 0)
            {
                others.Add(parts[0]);
            }
        }

        return digests.Count > 0 || others.Count == 0
            ? digests
            : throw new UploadRefusedException(UploadProblems.UnsupportedDigest(header, string.Join(", ", others)));
    }

    /// <returns>Lower-case hexadecimal.</returns>
    private static string ParseSha256(string header, string value)
    {
        byte[] digest = new byte[32];
        return value.Length >= 2 && value[0] == ':' && value[^1] == ':'
            && Convert.TryFromBase64String(value[1..^1], digest, out int written) && written == digest.Length
                ? Convert.ToHexStringLower(digest)
                : throw new UploadRefusedException(Problem.MalformedHeader(
                    header, "write sha-256=:BASE64: with the 32 bytes of the digest (RFC 9530)."));
    }
}
