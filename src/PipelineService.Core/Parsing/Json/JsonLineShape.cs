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

    /// <summary>An element or a text that is no object, where records are objects.</summary>
    ElementForObject,

    /// <summary>An element or a text that is no array, where records are arrays.</summary>
    ElementForArray,
}

/// <summary>Tells the shapes apart. Only asked of lines that were rejected.</summary>
public static class JsonLineShapes
{
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
            [(byte)'[', .., (byte)']'] => JsonLineShape.BrokenArray,
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
        return !isWhole || record[0] == first ? JsonLineShape.BrokenElement
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
            : JsonLineShape.Object;
    }
}
