using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Encoding.Numbers;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Values from their binary form to the text that PostgreSQL reads as the same value, whatever the session's settings are;
/// with what COPY's text form has for escapes.
/// </summary>
internal static class ValueText
{
    /// <summary>Any of the types that are written into a buffer of fixed size.</summary>
    private const int ShortBytesMax = 48;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create("\\\t\n\r"u8);

    public static void Write(SqlTypeName type, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        switch (type)
        {
            case SqlTypeName.Text or SqlTypeName.Varchar or SqlTypeName.Json:
                WriteEscaped(value, text);
                break;
            case SqlTypeName.Jsonb:
                WriteEscaped(value[sizeof(byte)..], text); // behind the version
                break;
            case SqlTypeName.Numeric:
                NumericText.Write(value, text);
                break;
            default:
                text.Advance(Format(type, value, text.GetSpan(ShortBytesMax)));
                break;
        }
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
            case SqlTypeName.Boolean:
                text[0] = value[0] == 0 ? (byte)'f' : (byte)'t';
                return 1;
            case SqlTypeName.Real:
                BinaryPrimitives.ReadSingleBigEndian(value).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
            case SqlTypeName.DoublePrecision:
                BinaryPrimitives.ReadDoubleBigEndian(value).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
                return length;
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

    private static long IntegerOf(ReadOnlySpan<byte> value) => value.Length switch
    {
        sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
        sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
        _ => BinaryPrimitives.ReadInt64BigEndian(value),
    };

    private static void WriteEscaped(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> text)
    {
        while (value.IndexOfAny(Escaped) is int found and >= 0)
        {
            text.Write(value[..found]);
            text.Write(value[found] switch
            {
                (byte)'\t' => "\\t"u8,
                (byte)'\n' => "\\n"u8,
                (byte)'\r' => "\\r"u8,
                _ => "\\\\"u8,
            });
            value = value[(found + 1)..];
        }

        text.Write(value);
    }
}
