using System.Text;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>Valid UTF-8 counted in code points, which are PostgreSQL's characters.</summary>
internal static class Characters
{
    /// <summary>How many there are.</summary>
    public static int Count(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte b in text)
        {
            count += IsStart(b) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Where a character starts, or the end of the text if it has not so many.</summary>
    /// <param name="text">The text.</param>
    /// <param name="index">0-based.</param>
    public static int OffsetOf(ReadOnlySpan<byte> text, long index)
    {
        int offset = 0;
        for (; index > 0 && offset < text.Length; index--)
        {
            offset += LengthAt(text, offset);
        }

        return offset;
    }

    /// <summary>Bytes of the character that starts at an offset.</summary>
    public static int LengthAt(ReadOnlySpan<byte> text, int offset) => text[offset] switch
    {
        < 0x80 => 1,
        < 0xE0 => 2,
        < 0xF0 => 3,
        _ => 4,
    };

    /// <summary>Bytes of the last character.</summary>
    public static int LengthOfLast(ReadOnlySpan<byte> text)
    {
        _ = Rune.DecodeLastFromUtf8(text, out _, out int length);
        return length;
    }

    private static bool IsStart(byte b) => (b & 0xC0) != 0x80;
}
