namespace PipelineService.Core.Profiles.Sketches;

/// <summary>
/// What a text is made of: <c>A</c> for a capital letter, <c>a</c> for a small one, <c>9</c> for a digit, <c>*</c> for a character
/// beyond ASCII, anything else for itself; a plus sign behind what comes several times. <c>AB-1234</c> has the pattern <c>A+-9+</c>.
/// </summary>
internal static class ValuePattern
{
    /// <summary>Bytes of a pattern at most; the rest of the text is not looked at then.</summary>
    public const int BytesMax = 32;

    /// <returns>How many bytes were written.</returns>
    public static int Write(ReadOnlySpan<byte> text, Span<byte> pattern)
    {
        int length = 0;
        byte last = 0;
        bool isRun = false;
        foreach (byte b in text)
        {
            if ((b & 0xC0) == 0x80)
            {
                continue; // it continues a character
            }

            byte sign = SignOf(b);
            if (sign != last || length == 0)
            {
                if (length == BytesMax)
                {
                    break;
                }

                pattern[length++] = last = sign;
                isRun = false;
            }
            else if (!isRun && length < BytesMax)
            {
                pattern[length++] = (byte)'+';
                isRun = true;
            }
        }

        return length;
    }

    private static byte SignOf(byte b) => b switch
    {
        >= (byte)'a' and <= (byte)'z' => (byte)'a',
        >= (byte)'A' and <= (byte)'Z' => (byte)'A',
        >= (byte)'0' and <= (byte)'9' => (byte)'9',
        >= 0x80 => (byte)'*',
        _ => b,
    };
}
