namespace PipelineService.Core.Parsing.Json;

/// <summary>What a line that is no well-formed JSON object looks like: which mistake the sender has most likely made.</summary>
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
}

/// <summary>Tells the shapes apart. Only asked of lines that were rejected.</summary>
public static class JsonLineShapes
{
    /// <param name="line">The line, without its line end.</param>
    public static JsonLineShape Of(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> text = line.Trim(" \t\r"u8);
        return text switch
        {
            [(byte)'[' or (byte)']', ..] => JsonLineShape.Array,
            [(byte)'{', ..] => OfObject(text),
            [(byte)'"' or (byte)'}', ..] => JsonLineShape.Fragment,
            _ => JsonLineShape.Other,
        };
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
