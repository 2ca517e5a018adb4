using System.Buffers;
using System.Text;

namespace PipelineService.Core.Parsing.Json;

/// <summary>What a line that is no well-formed record looks like: which mistake the sender has most likely made.</summary>
public enum JsonLineShape
{
    /// <summary>An object that is written wrongly.</summary>
    Object,

    /// <summary>A JSON array, or an element of one that was printed an element a line.</summary>
    Array,

    /// <summary>A part of an object: it was printed over several lines, or its end is missing.</summary>
    Fragment,

    /// <summary>Several objects with nothing or blanks between them.</summary>
    Objects,

    /// <summary>Names or texts in apostrophes, as Python prints a dictionary.</summary>
    Apostrophes,

    /// <summary>Something that does not begin as JSON objects and arrays do, such as a line of CSV.</summary>
    Other,

    /// <summary>A whole array of values, where records are objects.</summary>
    ValuesForObject,

    /// <summary>Where records are arrays: one that is written wrongly.</summary>
    BrokenArray,

    /// <summary>Where records are arrays: a part of one, or of an array of them, that was printed over several lines.</summary>
    ArrayPart,

    /// <summary>Where records are arrays: an object.</summary>
    ObjectForArray,

    /// <summary>Where records are arrays: something that begins otherwise.</summary>
    OtherForArray,

    /// <summary>An element of an array, or a text of a sequence, that is written wrongly.</summary>
    BrokenElement,

    /// <summary>NaN or an infinity as a value, as Python writes them.</summary>
    NotFinite,

    /// <summary>A value such as None, True or undefined, as other languages write theirs.</summary>
    ForeignWord,

    /// <summary>An element or a text that is no object, where records are objects.</summary>
    ElementForObject,

    /// <summary>An element or a text that is no array, where records are arrays.</summary>
    ElementForArray,
}

/// <summary>Tells the shapes apart. Only asked of lines that were rejected.</summary>
public static class JsonLineShapes
{
    private static readonly SearchValues<byte> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>The shape of a line that should be an object.</summary>
    /// <param name="line">The line, without its line end.</param>
    public static JsonLineShape Of(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> text = line.Trim(" \t\r"u8);
        return text switch
        {
            [(byte)'[', ..] when IsOfValues(text) => JsonLineShape.ValuesForObject,
            [(byte)'[' or (byte)']', ..] => JsonLineShape.Array,
            [(byte)'{', ..] => OfObject(text),
            [(byte)'"' or (byte)'}', ..] => JsonLineShape.Fragment,
            _ => JsonLineShape.Other,
        };
    }

    /// <summary>The shape of a line that should be an array.</summary>
    /// <param name="line">The line; its line end does not matter.</param>
    public static JsonLineShape OfArray(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> text = line.Trim(" \t\r\n"u8);
        return text switch
        {
            [(byte)'[', .., (byte)']'] => OfWords(text, JsonLineShape.BrokenArray),
            [(byte)'[' or (byte)']', ..] or [.., (byte)',' or (byte)']'] => JsonLineShape.ArrayPart,
            [(byte)'{', ..] => JsonLineShape.ObjectForArray,
            _ => JsonLineShape.OtherForArray,
        };
    }

    /// <summary>The shape of an element of an array, or of a text of a sequence.</summary>
    /// <param name="record">Without what parts it from others.</param>
    /// <param name="areArrays">Whether records are arrays.</param>
    public static JsonLineShape OfElement(ReadOnlySpan<byte> record, bool areArrays)
    {
        JsonReader reader = new(record);
        bool isWhole = reader.TrySkipValue(depth: 0) && reader.IsAtEnd;
        byte first = areArrays ? (byte)'[' : (byte)'{';
        return !isWhole || record[0] == first ? OfWords(record, JsonLineShape.BrokenElement)
            : areArrays ? JsonLineShape.ElementForArray
            : JsonLineShape.ElementForObject;
    }

    /// <summary>Whether a line is one whole array whose first item is neither an object nor an array: a record in itself.</summary>
    private static bool IsOfValues(ReadOnlySpan<byte> text)
    {
        JsonReader reader = new(text);
        return reader.TrySkipValue(depth: 0) && reader.IsAtEnd
            && text[1..].TrimStart(" \t"u8) is [not ((byte)'{' or (byte)'[' or (byte)']'), ..];
    }

    private static JsonLineShape OfObject(ReadOnlySpan<byte> text)
    {
        JsonReader reader = new(text);
        if (reader.TrySkipValue(depth: 0))
        {
            reader.SkipBlanks();
            return reader.Peek() switch
            {
                (byte)'{' => JsonLineShape.Objects,
                (byte)',' or (byte)']' => JsonLineShape.Array,
                _ => JsonLineShape.Object,
            };
        }

        return text[1..].TrimStart(" \t"u8) is [(byte)'\'', ..] ? JsonLineShape.Apostrophes
            : text[^1] != '}' ? JsonLineShape.Fragment
            : OfWords(text, JsonLineShape.Object);
    }

    /// <summary>Looks for a word of another language among the values.</summary>
    /// <param name="text">JSON, but for something in it.</param>
    /// <param name="otherwise">The shape of what has none.</param>
    private static JsonLineShape OfWords(ReadOnlySpan<byte> text, JsonLineShape otherwise)
    {
        while (!text.IsEmpty)
        {
            int length;
            if (text[0] == '"')
            {
                length = 1 + LengthOfText(text[1..]);
            }
            else if (char.IsAsciiLetter((char)text[0]))
            {
                length = text.IndexOfAnyExcept(Letters) is >= 0 and var end ? end : text.Length;
                if (OfWord(text[..length]) is { } shape)
                {
                    return shape;
                }
            }
            else
            {
                length = 1;
            }

            text = text[length..];
        }

        return otherwise;
    }

    private static JsonLineShape? OfWord(ReadOnlySpan<byte> word) =>
        Ascii.EqualsIgnoreCase(word, "nan") || Ascii.EqualsIgnoreCase(word, "infinity") || Ascii.EqualsIgnoreCase(word, "inf")
            ? JsonLineShape.NotFinite
        : Ascii.Equals(word, "None") || Ascii.Equals(word, "undefined") || IsCapitalized(word, "true") || IsCapitalized(word, "false")
            || IsCapitalized(word, "null")
            ? JsonLineShape.ForeignWord
        : null;

    private static bool IsCapitalized(ReadOnlySpan<byte> word, string literal) =>
        Ascii.EqualsIgnoreCase(word, literal) && !Ascii.Equals(word, literal);

    /// <summary>With its closing quote, where there is one.</summary>
    private static int LengthOfText(ReadOnlySpan<byte> rest)
    {
        int at = 0;
        while (at < rest.Length && rest[at] != '"')
        {
            at += rest[at] == '\\' ? 2 : 1;
        }

        return Math.Min(at + 1, rest.Length);
    }
}
