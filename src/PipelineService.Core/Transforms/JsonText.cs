using System.Buffers.Text;
using System.Diagnostics;
using System.Text;

namespace PipelineService.Core.Transforms;

/// <summary>The text of JSON strings.</summary>
internal static class JsonText
{
    /// <summary>
    /// Replaces escapes by what they mean. <see cref="System.Text.Json.Utf8JsonReader.CopyString(Span{byte})"/> does
    /// it too, but throws on a lone surrogate; bad records must not cost exceptions.
    /// </summary>
    /// <param name="escaped">The inside of a JSON string that a JSON reader has accepted.</param>
    /// <param name="to">At least as long: no escape is shorter than its meaning.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when a surrogate stands alone, which no UTF-8 can say.</returns>
    public static bool TryUnescape(ReadOnlySpan<byte> escaped, Span<byte> to, out int written)
    {
        written = 0;
        while (true)
        {
            int found = escaped.IndexOf((byte)'\\');
            ReadOnlySpan<byte> plain = found < 0 ? escaped : escaped[..found];
            plain.CopyTo(to[written..]);
            written += plain.Length;
            if (found < 0)
            {
                return true;
            }

            int used = ReadEscape(escaped[found..], out Rune rune);
            if (used == 0)
            {
                return false;
            }

            written += rune.EncodeToUtf8(to[written..]);
            escaped = escaped[(found + used)..];
        }
    }

    /// <summary>
    /// The character that an escape means, and how many bytes the escape takes; 0 for a lone surrogate.
    /// </summary>
    private static int ReadEscape(ReadOnlySpan<byte> escape, out Rune rune)
    {
        if (escape[1] != (byte)'u')
        {
            rune = new Rune(escape[1] switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                byte itself => (char)itself,
            });
            return 2;
        }

        char first = ReadUnit(escape);
        if (Rune.TryCreate(first, out rune))
        {
            return 6;
        }

        bool isPair = escape.Length >= 12 && escape[6] == (byte)'\\' && escape[7] == (byte)'u'
            && Rune.TryCreate(first, ReadUnit(escape[6..]), out rune);
        return isPair ? 12 : 0;
    }

    private static char ReadUnit(ReadOnlySpan<byte> escape)
    {
        bool isHex = Utf8Parser.TryParse(escape.Slice(2, 4), out ushort unit, out int consumed, 'x') && consumed == 4;
        Debug.Assert(isHex, "The JSON reader has checked the escapes.");
        return (char)unit;
    }
}
