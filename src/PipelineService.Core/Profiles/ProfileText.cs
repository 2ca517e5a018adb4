using System.Buffers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Profiles;

/// <summary>Stored values as texts to be read.</summary>
internal static class ProfileText
{
    public static string Of(SqlType type, ReadOnlySpan<byte> value)
    {
        if (type.Name is SqlTypeName.Text or SqlTypeName.Varchar)
        {
            return System.Text.Encoding.UTF8.GetString(Whole(value));
        }

        if (type.Name == SqlTypeName.Boolean)
        {
            return value[0] == 0 ? "false" : "true";
        }

        var text = new ArrayBufferWriter<byte>();
        ValueText.Write(type, value, text);
        return System.Text.Encoding.UTF8.GetString(text.WrittenSpan);
    }

    /// <summary>Without a character at the end of which not all bytes are there.</summary>
    private static ReadOnlySpan<byte> Whole(ReadOnlySpan<byte> text)
    {
        int last = text.Length - 1;
        while (last >= 0 && (text[last] & 0xC0) == 0x80)
        {
            last--;
        }

        if (last < 0)
        {
            return text;
        }

        int bytes = text[last] switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
        return last + bytes > text.Length ? text[..last] : text;
    }
}
