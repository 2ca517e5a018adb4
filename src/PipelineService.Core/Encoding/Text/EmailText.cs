using System.Buffers;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// Addresses for mail as people have them: <c>local@domain</c>, in ASCII, the domain with a dot in it. Source: RFC 5321,
/// section 4.1.2, without quoted local parts and address literals, as the reference implementation takes them.
/// </summary>
internal static class EmailText
{
    private const int BytesMax = 254;
    private const int LocalBytesMax = 64;
    private const int LabelBytesMax = 63;

    private static readonly SearchValues<byte> Letters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"u8);

    private static readonly SearchValues<byte> LocalBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+-/=?^_`{|}~"u8);

    private static readonly SearchValues<byte> LabelBytes =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"u8);

    public static bool IsAddress(ReadOnlySpan<byte> text)
    {
        int at = text.IndexOf((byte)'@');
        return text.Length <= BytesMax && at >= 0 && IsLocal(text[..at]) && IsDomain(text[(at + 1)..]);
    }

    private static bool IsLocal(ReadOnlySpan<byte> local) =>
        local.Length is > 0 and <= LocalBytesMax
        && local[0] != '.' && local[^1] != '.'
        && local.IndexOf(".."u8) < 0
        && !local.ContainsAnyExcept(LocalBytes);

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        int dot = domain.LastIndexOf((byte)'.');
        if (dot < 0 || !domain[(dot + 1)..].ContainsAny(Letters))
        {
            return false;
        }

        foreach (Range label in domain.Split((byte)'.'))
        {
            if (!IsLabel(domain[label]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsLabel(ReadOnlySpan<byte> label) =>
        label.Length is > 0 and <= LabelBytesMax
        && label[0] != '-' && label[^1] != '-'
        && !label.ContainsAnyExcept(LabelBytes);
}
