using System.Buffers;
using System.Collections.Frozen;

namespace PipelineService.Events.Webhooks;

/// <summary>Which headers may be sent to a webhook beside our own.</summary>
internal static class WebhookHeaders
{
    private const int CountMax = 10;
    private const int NameLengthMax = 100;
    private const int ValueLengthMax = 2_000;

    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What the request itself is made of, and what stands for who sends it.</summary>
    private static readonly FrozenSet<string> Ours = FrozenSet.ToFrozenSet(
        [
            "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Expect", "Forwarded", "Host", "HTTP2-Settings",
            "Keep-Alive", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via",
        ],
        StringComparer.OrdinalIgnoreCase);

    private static readonly string[] OursBegin = ["webhook-", "X-Forwarded-", "Sec-", "Proxy-", "Content-"];

    /// <returns>What is wrong with them.</returns>
    public static string[] FaultsOf(IReadOnlyDictionary<string, string> headers) =>
    [
        .. headers.Count > CountMax ? [$"Has {headers.Count} of them; {CountMax} are taken."] : Array.Empty<string>(),
        .. headers.Select(header => FaultOf(header.Key, header.Value)).OfType<string>(),
    ];

    private static string? FaultOf(string name, string value)
    {
        string shown = Core.Rules.Excerpt.Of(name);
        return name.Length is 0 or > NameLengthMax || name.AsSpan().ContainsAnyExcept(NameCharacters)
                ? $"\"{shown}\" is no name of a header."
            : Ours.Contains(name) || OursBegin.Any(begin => name.StartsWith(begin, StringComparison.OrdinalIgnoreCase))
                ? $"\"{shown}\" cannot be given: it belongs to the request itself."
            : value.Length > ValueLengthMax || value.Trim() != value || value.Any(c => c is < ' ' or >= (char)127)
                ? $"The value of \"{shown}\" must have at most {ValueLengthMax} printable ASCII characters, without blanks around them."
            : null;
    }
}
