using System.Buffers;
using System.Globalization;
using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>Escapes in JSON strings (RFC 8259, section 7).</summary>
internal static class JsonEscape
{
    private const int ShortBytes = 2;

    /// <summary>Of the longest escape, which any character may have.</summary>
    public const int UnitBytes = 6;

    /// <summary>What a string cannot have as it is.</summary>
    public static readonly SearchValues<byte> MustEscape =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(control => (byte)control), (byte)'"', (byte)'\\']);

    private static ReadOnlySpan<byte> Digits => "0123456789abcdef"u8;

    /// <summary>Bytes of the escape at the start of the text, by the grammar alone; 0 when there is none.</summary>
    public static int LengthOf(ReadOnlySpan<byte> text)
    {
        if (text.Length < ShortBytes || text[0] != '\\')
        {
            return 0;
        }

        return text[1] == 'u' ? (TryReadUnit(text, out _) ? UnitBytes : 0)
            : Simple(text[1]) != 0 ? ShortBytes
            : 0;
    }

    /// <summary>
    /// Whether PostgreSQL can store what a string means: neither U+0000 nor half of a surrogate pair.
    /// </summary>
    /// <param name="content">What is between the quotation marks; well-formed.</param>
    public static RecordErrorCode Check(ReadOnlySpan<byte> content)
    {
        for (int found = content.IndexOf((byte)'\\'); found >= 0; found = content.IndexOf((byte)'\\'))
        {
            content = content[found..];
            if (!TryRead(content, out Rune rune, out int used))
            {
                return RecordErrorCode.InvalidUtf8;
            }

            if (rune.Value == 0)
            {
                return RecordErrorCode.NulCharacter;
            }

            content = content[used..];
        }

        return RecordErrorCode.None;
    }

    /// <summary>Replaces escapes by what they mean.</summary>
    /// <param name="content">What is between the quotation marks; well-formed.</param>
    /// <param name="text">At least as long: no escape is shorter than its meaning.</param>
    /// <param name="length">Bytes written.</param>
    /// <returns>False when a surrogate stands alone, which no UTF-8 can say.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> content, Span<byte> text, out int length)
    {
        length = 0;
        while (true)
        {
            int found = content.IndexOf((byte)'\\');
            ReadOnlySpan<byte> plain = found < 0 ? content : content[..found];
            plain.CopyTo(text[length..]);
            length += plain.Length;
            if (found < 0)
            {
                return true;
            }

            content = content[found..];
            if (!TryRead(content, out Rune rune, out int used))
            {
                return false;
            }

            length += rune.EncodeToUtf8(text[length..]);
            content = content[used..];
        }
    }

    /// <summary>Writes text as the content of a string.</summary>
    /// <param name="text">The text; bytes that are no UTF-8 stay as they are.</param>
    /// <param name="json">At least <see cref="UnitBytes"/> times as long.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Escape(ReadOnlySpan<byte> text, Span<byte> json)
    {
        int length = 0;
        foreach (byte unit in text)
        {
            if (unit is (byte)'"' or (byte)'\\')
            {
                json[length++] = (byte)'\\';
                json[length++] = unit;
            }
            else if (unit < 0x20)
            {
                "\\u00"u8.CopyTo(json[length..]);
                length += "\\u00"u8.Length;
                json[length++] = Digits[unit >> 4];
                json[length++] = Digits[unit & 0xF];
            }
            else
            {
                json[length++] = unit;
            }
        }

        return length;
    }

    /// <summary>The character that the escape at the start of the text means.</summary>
    /// <param name="text">Starts with a well-formed escape.</param>
    /// <param name="rune">The replacement character for a surrogate that stands alone.</param>
    /// <param name="used">Bytes that the escape takes; both escapes of a surrogate pair are one.</param>
    /// <returns>False when a surrogate stands alone.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out Rune rune, out int used)
    {
        if (text[1] != 'u')
        {
            used = ShortBytes;
            rune = new Rune(Simple(text[1]));
            return true;
        }

        used = UnitBytes;
        _ = TryReadUnit(text, out char unit);
        if (Rune.TryCreate(unit, out rune))
        {
            return true;
        }

        // The second half of a pair must follow as an escape too.
        if (TryReadUnit(text[UnitBytes..], out char low) && Rune.TryCreate(unit, low, out rune))
        {
            used = 2 * UnitBytes;
            return true;
        }

        rune = Rune.ReplacementChar;
        return false;
    }

    /// <summary>What an escape of one letter stands for, 0 when there is no such escape.</summary>
    private static byte Simple(byte kind) => kind switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' => kind,
        (byte)'b' => (byte)'\b',
        (byte)'f' => (byte)'\f',
        (byte)'n' => (byte)'\n',
        (byte)'r' => (byte)'\r',
        (byte)'t' => (byte)'\t',
        _ => 0,
    };

    /// <summary>Reads <c>\uXXXX</c>: one UTF-16 unit.</summary>
    private static bool TryReadUnit(ReadOnlySpan<byte> text, out char unit)
    {
        ushort value = 0;
        bool isUnit = text.Length >= UnitBytes && text.StartsWith("\\u"u8)
            && ushort.TryParse(
                text[ShortBytes..UnitBytes], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        unit = (char)value;
        return isUnit;
    }
}
