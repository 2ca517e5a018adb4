using System.Collections.Immutable;

namespace PipelineService.Spool.Decoding;

/// <summary>A way in which data is compressed.</summary>
public enum ContentCoding
{
    /// <summary>RFC 1952.</summary>
    Gzip,

    /// <summary>DEFLATE in the zlib form: RFC 1950.</summary>
    Deflate,

    /// <summary>RFC 7932.</summary>
    Brotli,

    /// <summary>RFC 8878, with windows as RFC 9659 bounds them.</summary>
    Zstd,
}

/// <summary>The codings that can be undone: their tokens (RFC 9110, 8.4.1), and what makes of them a list.</summary>
public static class ContentCodings
{
    /// <summary>How many may lie one in the other. Nobody needs two; each costs memory and time.</summary>
    public const int DepthMax = 4;

    private const string Identity = "identity";

    private static readonly ImmutableArray<(string Token, ContentCoding Coding)> Tokens =
    [
        ("gzip", ContentCoding.Gzip),
        ("deflate", ContentCoding.Deflate),
        ("br", ContentCoding.Brotli),
        ("zstd", ContentCoding.Zstd),
    ];

    /// <summary>What can be undone, as the value of Accept-Encoding.</summary>
    public static string Accepted { get; } = string.Join(", ", Tokens.Select(token => token.Token));

    public static string TokenOf(ContentCoding coding) => Tokens.First(token => token.Coding == coding).Token;

    /// <summary>Reads a value of Content-Encoding: the codings in the order in which they were applied.</summary>
    /// <param name="unknown">The first that cannot be undone; null when all can.</param>
    public static ImmutableArray<ContentCoding> Parse(string value, out string? unknown)
    {
        unknown = null;
        var codings = ImmutableArray.CreateBuilder<ContentCoding>();
        foreach (string element in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string token = element.ToLowerInvariant() is "x-gzip" ? "gzip" : element.ToLowerInvariant();
            if (token == Identity)
            {
                continue;
            }

            int index = Tokens.IndexOf(Tokens.FirstOrDefault(known => known.Token == token));
            if (index < 0)
            {
                unknown = element;
                return [];
            }

            codings.Add(Tokens[index].Coding);
        }

        return codings.ToImmutable();
    }

    /// <summary>The value of Content-Encoding; null for none.</summary>
    public static string? Write(ImmutableArray<ContentCoding> codings) =>
        codings.IsEmpty ? null : string.Join(", ", codings.Select(TokenOf));
}
