using System.Buffers;
using System.Buffers.Binary;
using PipelineService.Core.Parsing.Json;

namespace PipelineService.Core.Parsing.Packed;

/// <summary>Packed records as people read them, and as they can be sent again: JSON arrays. Only asked for of what is shown.</summary>
public static class PackedText
{
    /// <summary>Begins a file of packed records; behind it, a JSON array of names and a line end stand before the first.</summary>
    public const byte FileMark = 1;

    /// <summary>Before each record, its length (32 bits).</summary>
    public const int LengthBytes = sizeof(int);

    /// <summary>Writes a record as an array.</summary>
    /// <param name="record">Without its length. One that is cut, or is none, is written as far as it goes.</param>
    public static byte[] Of(ReadOnlySpan<byte> record)
    {
        ArrayBufferWriter<byte> json = new((2 * record.Length) + 2);
        json.Write("["u8);
        for (int at = 0; at < record.Length;)
        {
            json.Write(at == 0 ? [] : ","u8);
            int end = PackedValue.Read(record, at, out RecordValue value);
            if (end == PackedValue.Malformed)
            {
                WriteBeginning(record[at..], json);
                return json.WrittenSpan.ToArray();
            }

            Write(record, value, json);
            at = end;
        }

        json.Write("]"u8);
        return json.WrittenSpan.ToArray();
    }

    /// <summary>Writes all records of a file, the names first, each on a line.</summary>
    public static byte[] OfFile(ReadOnlySpan<byte> file)
    {
        ArrayBufferWriter<byte> lines = new(file.Length + 1);
        int names = file.IndexOf((byte)'\n') + 1;
        lines.Write(names == 0 ? [] : file[1..names]);
        for (int at = names; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(file[at..]);
            at += LengthBytes;
            lines.Write(Of(file.Slice(at, length)));
            lines.Write("\n"u8);
            at += length;
        }

        return lines.WrittenSpan.ToArray();
    }

    private static void Write(ReadOnlySpan<byte> record, RecordValue value, ArrayBufferWriter<byte> json)
    {
        if (value.IsPlainText)
        {
            WriteQuoted(record.Slice(value.Start, value.Length), json);
            return;
        }

        if (value.Kind is not (ValueKind.Null or ValueKind.Packed))
        {
            int quote = value.Kind == ValueKind.Text ? 1 : 0;
            json.Write(record.Slice(value.Start - quote, value.Length + (2 * quote)));
            return;
        }

        ReadOnlySpan<byte> mark = PackedValue.KindOf(record[value.Start..]) == ValueKind.Text ? "\""u8 : [];
        json.Write(mark);
        json.Advance(PackedValue.WriteText(record[value.Start..], json.GetSpan(PackedValue.TextBytesMax)));
        json.Write(mark);
    }

    /// <summary>Of a text that is cut what there is.</summary>
    private static void WriteBeginning(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> json)
    {
        const int HeadBytes = 1 + sizeof(int);
        if (value.Length <= HeadBytes || value[0] is not ((byte)PackedTag.Text or (byte)PackedTag.Json))
        {
            return;
        }

        ReadOnlySpan<byte> text = value[HeadBytes..];
        if (value[0] == (byte)PackedTag.Json)
        {
            json.Write(text);
            return;
        }

        json.Write("\""u8);
        WriteEscaped(text, json);
    }

    private static void WriteQuoted(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> json)
    {
        json.Write("\""u8);
        WriteEscaped(text, json);
        json.Write("\""u8);
    }

    private static void WriteEscaped(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> json)
    {
        int plain = text.IndexOfAny(JsonEscape.MustEscape);
        if (plain < 0)
        {
            json.Write(text);
            return;
        }

        json.Write(text[..plain]);
        text = text[plain..];
        json.Advance(JsonEscape.Escape(text, json.GetSpan(text.Length * JsonEscape.UnitBytes)));
    }
}
