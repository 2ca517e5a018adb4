using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace PipelineService.Sources.Buckets;

/// <summary>
/// Signs requests to S3-compatible stores: AWS Signature Version 4, in the header, of requests without a body. Source: "Authenticating
/// Requests: Using the Authorization Header" of the Amazon S3 API reference, whose examples the tests go by.
/// </summary>
internal static class RequestSignature
{
    public const string EmptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>Signs all headers that the request has, and adds those that the signature needs.</summary>
    public static void Sign(HttpRequestMessage request, StoreOptions store, DateTimeOffset now)
    {
        string at = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", EmptyBody);
        request.Headers.TryAddWithoutValidation("x-amz-date", at);
        if (store is not { AccessKey: { } id, SecretKey: { } secret })
        {
            return;
        }

        Uri address = request.RequestUri!;
        SortedDictionary<string, string> headers = new(StringComparer.Ordinal) { ["host"] = address.Authority };
        foreach (KeyValuePair<string, HeaderStringValues> header in request.Headers.NonValidated)
        {
            headers[header.Key.ToLowerInvariant()] = string.Join(',', header.Value.Select(value => value.Trim()));
        }

        string names = string.Join(';', headers.Keys);
        string canonical = string.Join(
            '\n',
            request.Method.Method,
            address.AbsolutePath,
            QueryOf(address),
            string.Concat(headers.Select(header => $"{header.Key}:{header.Value}\n")),
            names,
            EmptyBody);
        string scope = $"{at[..8]}/{store.Region}/s3/aws4_request";
        string toSign = $"{Algorithm}\n{at}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secret);
        foreach (string part in (string[])[at[..8], store.Region, "s3", "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"{Algorithm} Credential={id}/{scope},SignedHeaders={names},Signature={signature}");
    }

    /// <summary>
    /// As <c>UriEncode</c> of the reference: all but letters, digits, <c>-._~</c> is escaped; a slash, where it parts a key.
    /// </summary>
    public static string Escape(string text, bool keepsSlashes = false)
    {
        string escaped = Uri.EscapeDataString(text);
        return keepsSlashes ? escaped.Replace("%2F", "/", StringComparison.Ordinal) : escaped;
    }

    private static string QueryOf(Uri address) => string.Join(
        '&',
        address.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : pair + "=")
            .Order(StringComparer.Ordinal));
}
