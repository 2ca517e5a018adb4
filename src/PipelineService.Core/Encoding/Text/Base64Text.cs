using System.Buffers;
using System.Buffers.Text;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// Bytes in base64 (RFC 4648, section 4): the alphabet with <c>+</c> and <c>/</c>, padded; line ends and blanks may stand in
/// it, as MIME and PEM have them.
/// </summary>
internal static class Base64Text
{
    /// <summary>So many bytes are enough for what a text means.</summary>
    public static int BytesMaxOf(ReadOnlySpan<byte> text) => Base64.GetMaxDecodedFromUtf8Length(text.Length);

    public static bool IsBase64(ReadOnlySpan<byte> text) => Base64.IsValid(text);

    /// <param name="text">The text.</param>
    /// <param name="bytes">At least <see cref="BytesMaxOf"/>.</param>
    /// <param name="length">Bytes written.</param>
    public static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> bytes, out int length) =>
        Base64.DecodeFromUtf8(text, bytes, out _, out length) == OperationStatus.Done;
}
