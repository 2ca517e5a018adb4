using System.Buffers;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// URIs with a scheme, by the grammar of RFC 3986: <c>scheme:[//[user@]host[:port]]path[?query][#fragment]</c>, in ASCII,
/// everything else percent-encoded.
/// </summary>
internal static class UriText
{
    private const string LettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private const string Unreserved = LettersAndDigits + "-._~";
    private const string SubDelimiters = "!$&'()*+,;=";

    private static readonly SearchValues<byte> Scheme = Create(LettersAndDigits + "+-.");
    private static readonly SearchValues<byte> User = Create(Unreserved + SubDelimiters + ":%");
    private static readonly SearchValues<byte> Host = Create(Unreserved + SubDelimiters + "%");
    private static readonly SearchValues<byte> Address = Create(Unreserved + SubDelimiters + ":");
    private static readonly SearchValues<byte> Path = Create(Unreserved + SubDelimiters + ":@/%");
    private static readonly SearchValues<byte> Query = Create(Unreserved + SubDelimiters + ":@/?%");

    public static bool IsUri(ReadOnlySpan<byte> text)
    {
        int colon = text.IndexOf((byte)':');
        if (colon <= 0 || !char.IsAsciiLetter((char)text[0]) || text[..colon].ContainsAnyExcept(Scheme))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[(colon + 1)..];
        return ArePercentsEncodings(rest)
            && !TakeBehind(ref rest, (byte)'#').ContainsAnyExcept(Query)
            && !TakeBehind(ref rest, (byte)'?').ContainsAnyExcept(Query)
            && (!rest.StartsWith("//"u8) || TryTakeAuthority(ref rest))
            && !rest.ContainsAnyExcept(Path);
    }

    /// <summary>Leaves the path, which then is empty or starts with a slash.</summary>
    private static bool TryTakeAuthority(ref ReadOnlySpan<byte> rest)
    {
        int slash = rest[2..].IndexOf((byte)'/');
        ReadOnlySpan<byte> host = slash < 0 ? rest[2..] : rest.Slice(2, slash);
        rest = slash < 0 ? default : rest[(2 + slash)..];
        int at = host.IndexOf((byte)'@');
        if (at >= 0)
        {
            if (host[..at].ContainsAnyExcept(User))
            {
                return false;
            }

            host = host[(at + 1)..];
        }

        bool isAddress = host.StartsWith("["u8);
        int end = isAddress ? host.IndexOf((byte)']') + 1 : host.IndexOf((byte)':');
        if (isAddress && (end <= 2 || host[1..(end - 1)].ContainsAnyExcept(Address)))
        {
            return false;
        }

        ReadOnlySpan<byte> port = end < 0 ? default : host[end..];
        return IsPort(port) && (isAddress || !(end < 0 ? host : host[..end]).ContainsAnyExcept(Host));
    }

    private static bool IsPort(ReadOnlySpan<byte> port) =>
        port.IsEmpty || (port[0] == ':' && !port[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));

    private static bool ArePercentsEncodings(ReadOnlySpan<byte> text)
    {
        for (int at = text.IndexOf((byte)'%'); at >= 0; at = text.IndexOf((byte)'%'))
        {
            text = text[(at + 1)..];
            if (text.Length < 2 || !char.IsAsciiHexDigit((char)text[0]) || !char.IsAsciiHexDigit((char)text[1]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What stands behind the first of a byte; the text ends before it then.</summary>
    private static ReadOnlySpan<byte> TakeBehind(scoped ref ReadOnlySpan<byte> text, byte mark)
    {
        int at = text.IndexOf(mark);
        ReadOnlySpan<byte> behind = at < 0 ? default : text[(at + 1)..];
        text = at < 0 ? text : text[..at];
        return behind;
    }

    private static SearchValues<byte> Create(string bytes) => SearchValues.Create(System.Text.Encoding.ASCII.GetBytes(bytes));
}
