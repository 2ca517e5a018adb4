using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Core.Rules;

namespace PipelineService.Hosting.Http;

/// <summary>
/// JSON that can be read in one way only. The reader of .NET by itself takes invalid UTF-8, half surrogate pairs and (unless told
/// otherwise) the last of duplicate names; and what it says of faults is meant for those who call it. So this walks over the
/// text once, and says in which line and character a fault is.
/// </summary>
internal static class StrictJson
{
    /// <summary>A definition has six levels; metadata may have some of its own.</summary>
    public const int DepthMax = 32;

    private const int Columns = 40;

    /// <returns>What is wrong, where, and how to mend it; null when nothing is.</returns>
    public static string? FaultOf(ReadOnlySpan<byte> json)
    {
        if (json.IndexOfAnyExcept(" \t\r\n"u8) < 0)
        {
            return "The body is empty: send JSON, as curl -H 'Content-Type: application/json' -d @FILE does.";
        }

        if (!Utf8.IsValid(json))
        {
            return "The body is not valid UTF-8.";
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DepthMax });
        Stack<HashSet<string>> names = [];
        try
        {
            while (reader.Read())
            {
                if (FaultOf(ref reader, names) is string fault)
                {
                    return $"{PlaceOf(json, (int)reader.TokenStartIndex)}: {fault}";
                }
            }

            return null;
        }
        catch (JsonException exception)
        {
            int offset = OffsetOf(json, exception);
            return $"{PlaceOf(json, offset)}: {ReasonOf(json, offset, DepthOf(reader))}";
        }
    }

    /// <summary>What the reader passes over.</summary>
    private static string? FaultOf(ref Utf8JsonReader reader, Stack<HashSet<string>> names)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                names.Push([]);
                return null;
            case JsonTokenType.EndObject:
                names.Pop();
                return null;
            case JsonTokenType.PropertyName or JsonTokenType.String:
                return TextOf(ref reader) is not string text ? "the text holds half of a surrogate pair."
                    : reader.TokenType == JsonTokenType.PropertyName && !names.Peek().Add(text)
                        ? $"\"{Excerpt.Of(text)}\" is there twice in this object; only one of the two could count."
                    : null;
            default:
                return null;
        }
    }

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The reader's own depth does not count the bracket that it has just read.</summary>
    private static int DepthOf(Utf8JsonReader reader) =>
        reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray ? 1 : 0);

    private static int OffsetOf(ReadOnlySpan<byte> json, JsonException exception)
    {
        int line = 0;
        for (long number = exception.LineNumber ?? 0; number > 0; number--)
        {
            line += json[line..].IndexOf((byte)'\n') + 1;
        }

        return Math.Min(line + (int)(exception.BytePositionInLine ?? 0), json.Length);
    }

    /// <summary>A line and a character of it, both from 1.</summary>
    private static string PlaceOf(ReadOnlySpan<byte> json, int offset)
    {
        ReadOnlySpan<byte> before = json[..offset];
        int line = before.Count((byte)'\n') + 1;
        int column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return string.Create(CultureInfo.InvariantCulture, $"Line {line}, character {column}");
    }

    private static string ReasonOf(ReadOnlySpan<byte> json, int offset, int depth)
    {
        ReadOnlySpan<byte> rest = json[offset..];
        ReadOnlySpan<byte> before = json[..offset].TrimEnd(" \t\r\n"u8);
        if (depth >= DepthMax && rest is [(byte)'{' or (byte)'[', ..])
        {
            return $"it is nested deeper than {DepthMax} levels.";
        }

        if (depth == 0 && before.Length > 0)
        {
            return "the JSON has ended before this: the whole body is one object.";
        }

        return rest switch
        {
            [] => "the JSON ends before it is complete: a brace, a bracket or a quote is not closed.",
            [(byte)'}' or (byte)']', ..] when before is [.., (byte)','] =>
                "a comma stands before the closing bracket: remove it.",
            [(byte)'\'', ..] => "an apostrophe: names and texts stand in double quotes.",
            [(byte)'/' or (byte)'#', ..] => "JSON has no comments: remove it.",
            [< 0x20, ..] => "a line end or another control character stands in a text: write it as an escape, such as \\n.",
            [(byte)'<', ..] => "this looks like HTML or XML, and not like JSON.",
            [(byte)'N' or (byte)'I', ..] => "NaN and Infinity are not JSON: write them as texts.",
            [(byte)'T' or (byte)'F', ..] => "true, false and null are written in lower case.",
            [(>= (byte)'a' and <= (byte)'z') or (byte)'_', ..] when before is [.., (byte)'{' or (byte)','] =>
                "a name stands in double quotes.",
            _ when before is [.., (byte)'}' or (byte)']' or (byte)'"' or (>= (byte)'0' and <= (byte)'9')]
                && rest is [(byte)'"' or (byte)'{' or (byte)'[', ..] => "a comma is missing before it.",
            _ => $"this is not JSON: {Shown(rest)}.",
        };
    }

    private static string Shown(ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOfAny((byte)'\n', (byte)'\r');
        string text = Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
        return $"'{Excerpt.Of(text, Columns)}'";
    }
}
