using System.Buffers;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// UUIDs: 8-4-4-4-12 hexadecimal digits of either case (RFC 9562, section 4). Not Guid.TryParse: that one also takes braces,
/// blanks and signs.
/// </summary>
internal static class UuidText
{
    public const int ValueBytes = 16;

    public const int TextBytes = 36;
    private const int HexBytes = 32;

    /// <param name="text">The text.</param>
    /// <param name="value">Takes the bytes, in the order of the text.</param>
    public static bool TryParse(ReadOnlySpan<byte> text, Span<byte> value)
    {
        if (text.Length != TextBytes || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            return false;
        }

        Span<byte> hex = stackalloc byte[HexBytes];
        text[..8].CopyTo(hex);
        text[9..13].CopyTo(hex[8..]);
        text[14..18].CopyTo(hex[12..]);
        text[19..23].CopyTo(hex[16..]);
        text[24..].CopyTo(hex[20..]);
        return Convert.FromHexString(hex, value, out _, out _) == OperationStatus.Done;
    }
}
