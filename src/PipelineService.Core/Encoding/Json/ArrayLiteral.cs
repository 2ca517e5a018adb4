using System.Text;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Encoding.Json;

/// <summary>
/// PostgreSQL's text form of arrays: <c>{1,NULL,"a b",{…}}</c>. Source: PostgreSQL documentation, "Array Input and Output
/// Syntax" (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO).
/// </summary>
internal static class ArrayLiteral
{
    /// <summary>
    /// Writes a JSON array as a length-prefixed literal. Arrays in it are further dimensions, strings their text, numbers,
    /// <c>true</c> and <c>false</c> as they are written, <c>null</c> is NULL, and an object is its JSON.
    /// </summary>
    /// <param name="json">An array that <see cref="JsonScanner"/> found to be good.</param>
    /// <param name="holdsJson">Whether the elements are JSON: then each is its JSON, strings and arrays too.</param>
    /// <param name="rows">Takes the field.</param>
    public static void WriteField(ReadOnlySpan<byte> json, bool holdsJson, RowBuffer rows)
    {
        int start = rows.BeginField();
        JsonReader reader = new(json);
        reader.SkipBlanks();
        WriteArray(json, ref reader, holdsJson, rows);
        rows.EndField(start);
    }

    /// <summary>
    /// Elements of the first dimension. Of text that is no literal the number means nothing: PostgreSQL refuses that.
    /// </summary>
    public static int CountElements(ReadOnlySpan<byte> literal)
    {
        int depth = 0;
        int commas = 0;
        bool isEmpty = true;
        for (int i = 0; i < literal.Length; i++)
        {
            byte found = literal[i];
            isEmpty &= depth == 0 || (depth == 1 && found is (byte)'}' or (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r');
            switch (found)
            {
                case (byte)'{':
                    depth++;
                    break;
                case (byte)'}':
                    depth--;
                    break;
                case (byte)',' when depth == 1:
                    commas++;
                    break;
                case (byte)'\\':
                    i++;
                    break;
                case (byte)'"':
                    i = BehindQuoted(literal, i) - 1;
                    break;
            }
        }

        return isEmpty ? 0 : commas + 1;
    }

    private static int BehindQuoted(ReadOnlySpan<byte> literal, int quote)
    {
        int i = quote + 1;
        while (i < literal.Length && literal[i] != '"')
        {
            i += literal[i] == '\\' ? 2 : 1;
        }

        return i + 1;
    }

    private static void WriteArray(ReadOnlySpan<byte> json, ref JsonReader reader, bool holdsJson, RowBuffer rows)
    {
        reader.TryTake((byte)'[');
        rows.Write("{"u8);
        reader.SkipBlanks();
        if (!reader.TryTake((byte)']'))
        {
            WriteElement(json, ref reader, holdsJson, rows);
            while (reader.TryTake((byte)','))
            {
                rows.Write(","u8);
                WriteElement(json, ref reader, holdsJson, rows);
            }

            reader.TryTake((byte)']');
        }

        rows.Write("}"u8);
    }

    private static void WriteElement(ReadOnlySpan<byte> json, ref JsonReader reader, bool holdsJson, RowBuffer rows)
    {
        reader.SkipBlanks();
        byte first = reader.Peek();
        if (first == '[' && !holdsJson)
        {
            WriteArray(json, ref reader, holdsJson, rows);
        }
        else if (first == '"' && !holdsJson)
        {
            reader.TryReadString(out int start, out int length, out bool isEscaped);
            WriteString(json.Slice(start, length), isEscaped, rows);
        }
        else
        {
            int start = reader.Position;
            reader.TrySkipValue(depth: 0);
            ReadOnlySpan<byte> value = json[start..reader.Position];
            if (first == 'n')
            {
                rows.Write("NULL"u8);
            }
            else if (holdsJson || first == '{')
            {
                WriteQuoted(value, rows);
            }
            else
            {
                rows.Write(value);
            }
        }

        reader.SkipBlanks();
    }

    /// <summary>A JSON string: without escapes it has no quote and no backslash in it.</summary>
    private static void WriteString(ReadOnlySpan<byte> content, bool isEscaped, RowBuffer rows)
    {
        rows.Write("\""u8);
        while (isEscaped && content.IndexOf((byte)'\\') is int found and >= 0)
        {
            rows.Write(content[..found]);
            content = content[found..];
            JsonEscape.TryRead(content, out Rune rune, out int used);
            content = content[used..];
            if (rune.Value is '"' or '\\')
            {
                rows.Write("\\"u8);
            }

            Span<byte> utf8 = rows.GetSpan(rune.Utf8SequenceLength);
            rows.Advance(rune.EncodeToUtf8(utf8));
        }

        rows.Write(content);
        rows.Write("\""u8);
    }

    private static void WriteQuoted(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        rows.Write("\""u8);
        while (text.IndexOfAny((byte)'"', (byte)'\\') is int found and >= 0)
        {
            rows.Write(text[..found]);
            rows.Write("\\"u8);
            rows.Write(text.Slice(found, 1));
            text = text[(found + 1)..];
        }

        rows.Write(text);
        rows.Write("\""u8);
    }
}
