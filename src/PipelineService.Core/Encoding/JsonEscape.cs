using System.Globalization;
using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>Escapes in JSON strings (RFC 8259, section 7).</summary>
internal static class JsonEscape
{
    private const int HexDigits = 4;

    /// <summary>Checks an escape, the position being right after its backslash, and moves behind it.</summary>
    public static RecordErrorCode Check(ReadOnlySpan<byte> json, ref int position)
    {
        byte kind = position < json.Length ? json[position++] : (byte)0;
        if (kind != 'u')
        {
            return Simple(kind) != 0 ? RecordErrorCode.None : RecordErrorCode.TypeMismatch;
        }

        if (!TryReadUnit(json, ref position, out char unit))
        {
            return RecordErrorCode.TypeMismatch;
        }

        if (unit == 0)
        {
            return RecordErrorCode.NulCharacter;
        }

        return !char.IsSurrogate(unit) || TryReadPair(json, unit, ref position, out _)
            ? RecordErrorCode.None
            : RecordErrorCode.InvalidUtf8;
    }

    /// <summary>Removes the escapes of a string's content that <see cref="Check"/> has found good.</summary>
    /// <param name="content">What is between the quotation marks.</param>
    /// <param name="text">At least as long.</param>
    /// <returns>How long the text is.</returns>
    public static int Unescape(ReadOnlySpan<byte> content, Span<byte> text)
    {
        int length = 0;
        int position = 0;
        while (position < content.Length)
        {
            byte b = content[position++];
            if (b != '\\')
            {
                text[length++] = b;
                continue;
            }

            byte kind = content[position++];
            if (kind != 'u')
            {
                text[length++] = Simple(kind);
                continue;
            }

            _ = TryReadUnit(content, ref position, out char unit);
            if (!Rune.TryCreate(unit, out Rune rune))
            {
                _ = TryReadPair(content, unit, ref position, out rune);
            }

            length += rune.EncodeToUtf8(text[length..]);
        }

        return length;
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

    private static bool TryReadUnit(ReadOnlySpan<byte> json, ref int position, out char unit)
    {
        unit = default;
        if (json.Length - position < HexDigits
            || !ushort.TryParse(
                json.Slice(position, HexDigits),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out ushort value))
        {
            return false;
        }

        unit = (char)value;
        position += HexDigits;
        return true;
    }

    /// <summary>The second half of a surrogate pair must follow as an escape too.</summary>
    private static bool TryReadPair(ReadOnlySpan<byte> json, char high, ref int position, out Rune rune)
    {
        rune = default;
        if (!json[position..].StartsWith("\\u"u8))
        {
            return false;
        }

        position += 2;
        return TryReadUnit(json, ref position, out char low) && Rune.TryCreate(high, low, out rune);
    }
}
