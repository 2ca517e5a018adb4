namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Code points of valid UTF-8.</summary>
internal static class CodePoints
{
    /// <summary>How many there are: the bytes that do not continue another.</summary>
    public static int Count(ReadOnlySpan<byte> text)
    {
        int count = 0;
        foreach (byte b in text)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }

    /// <summary>Where the first so many end; the end of the text when it has not more.</summary>
    public static int EndOfFirst(ReadOnlySpan<byte> text, int count)
    {
        int at = 0;
        while (at < text.Length && ((text[at] & 0xC0) == 0x80 || count-- > 0))
        {
            at++;
        }

        return at;
    }
}
