using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Lists;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Values from their binary form to the text that PostgreSQL reads as the same value, whatever the session's settings are;
/// with what COPY's text form has for escapes.
/// </summary>
internal static class ValueText
{
    /// <summary>Any of the types that are written into a buffer of fixed size.</summary>
    private const int ShortBytesMax = 96;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create("\\\t\n\r"u8);
    private static readonly SearchValues<byte> EscapedInArray = SearchValues.Create("\\\"\t\n\r"u8);

    public static void Write(SqlType type, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        if (type.Element is SqlType element)
        {
            WriteArray(element.Name, value, text);
        }
        else
        {
            Write(type.Name, value, isInArray: false, text);
        }
    }

    private static void Write(SqlTypeName type, ReadOnlySpan<byte> value, bool isInArray, ArrayBufferWriter<byte> text)
    {
        switch (type)
        {
            case SqlTypeName.Text or SqlTypeName.Varchar or SqlTypeName.Json:
                WriteEscaped(value, isInArray, text);
                break;
            case SqlTypeName.Jsonb:
                WriteEscaped(value[sizeof(byte)..], isInArray, text); // behind the version
                break;
            case SqlTypeName.Numeric:
                NumericText.Write(value, text);
                break;
            case SqlTypeName.Bytea:
                text.Write("\\\\x"u8);
                Convert.TryToHexStringLower(value, text.GetSpan(value.Length * 2), out int digits);
                text.Advance(digits);
                break;
            default:
                text.Advance(Format(type, value, text.GetSpan(ShortBytesMax)));
                break;
        }
    }

    /// <summary>As PostgreSQL's array literal, each element in quotes: then blanks, commas and the word NULL mean themselves.</summary>
    private static void WriteArray(SqlTypeName element, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        ReadOnlySpan<byte> elements = ArrayBinary.Elements(value);
        ReadOnlySpan<byte> opening = "{\""u8;
        while (!elements.IsEmpty)
        {
            text.Write(opening);
            Write(element, ArrayBinary.Take(ref elements), isInArray: true, text);
            text.Write("\""u8);
            opening = ",\""u8;
        }

        text.Write(opening[0] == '{' ? "{}"u8 : "}"u8);
    }

    /// <returns>How many bytes were written.</returns>
    private static int Format(SqlTypeName type, ReadOnlySpan<byte> value, Span<byte> text)
    {
        int length;
        switch (type)
        {
            case SqlTypeName.Date:
                return CalendarText.WriteDate(BinaryPrimitives.ReadInt32BigEndian(value), text);
            case SqlTypeName.Time:
                return CalendarText.WriteTime(BinaryPrimitives.ReadInt64BigEndian(value), text);
            case SqlTypeName.Timestamp or SqlTypeName.TimestampTz:
                return CalendarText.WriteTimestamp(
                    BinaryPrimitives.ReadInt64BigEndian(value), isInstant: type == SqlTypeName.TimestampTz, text);
            case SqlTypeName.Interval:
                return IntervalText.Write(value, text);
            case SqlTypeName.Boolean:
                text[0] = value[0] == 0 ? (byte)'f' : (byte)'t';
                return 1;
            case SqlTypeName.Real:
                BinaryPrimitives.ReadSingleBigEndian(value).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case SqlTypeName.DoublePrecision:
                return WriteDouble(value, text);
            case SqlTypeName.Point:
                length = WriteDouble(value, text);
                text[length++] = (byte)',';
                return length + WriteDouble(value[sizeof(double)..], text[length..]);
            case SqlTypeName.Uuid:
                new Guid(value, bigEndian: true).TryFormat(text, out length);
                return length;
            case SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt:
                IntegerOf(value).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            default:
                throw new InvalidOperationException($"No text form of {type}.");
        }
    }

    private static int WriteDouble(ReadOnlySpan<byte> value, Span<byte> text)
    {
        BinaryPrimitives.ReadDoubleBigEndian(value).TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
        return length;
    }

    private static long IntegerOf(ReadOnlySpan<byte> value) => value.Length switch
    {
        sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
        sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
        _ => BinaryPrimitives.ReadInt64BigEndian(value),
    };

    /// <param name="value">The text.</param>
    /// <param name="isInArray">
    /// Whether it stands in quotes in an array literal: what has a backslash there has another one before that in COPY.
    /// </param>
    /// <param name="text">Takes it.</param>
    private static void WriteEscaped(ReadOnlySpan<byte> value, bool isInArray, ArrayBufferWriter<byte> text)
    {
        SearchValues<byte> escaped = isInArray ? EscapedInArray : Escaped;
        while (value.IndexOfAny(escaped) is int found and >= 0)
        {
            text.Write(value[..found]);
            text.Write(value[found] switch
            {
                (byte)'\t' => "\\t"u8,
                (byte)'\n' => "\\n"u8,
                (byte)'\r' => "\\r"u8,
                (byte)'"' => "\\\\\""u8,
                _ => isInArray ? "\\\\\\\\"u8 : "\\\\"u8,
            });
            value = value[(found + 1)..];
        }

        text.Write(value);
    }
}
