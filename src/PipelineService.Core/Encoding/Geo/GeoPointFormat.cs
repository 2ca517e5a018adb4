using System.Buffers.Binary;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Geo;

/// <summary>
/// Points as <c>lon, lat</c>, as a JSON array of the two, or as a JSON object with <c>lon</c> and <c>lat</c>: degrees from
/// −180 to 180 and from −90 to 90. Binary form: two IEEE 754 binary64, big-endian, longitude (x) first.
/// </summary>
/// <remarks>
/// In JSON a number may also stand in a string, as the standard's profile has it. Source:
/// https://datapackage.org/standard/table-schema/#geopoint; the ranges are those of the reference implementation.
/// </remarks>
internal readonly struct GeoPointFormat(string format) : IScalarFormat<GeoPoint>
{
    private const int ValueBytes = 2 * sizeof(double);
    private const double LongitudeMax = 180;
    private const double LatitudeMax = 90;

    private readonly ValueKind _kind = format switch
    {
        FieldFormats.Array => ValueKind.Array,
        FieldFormats.Object => ValueKind.Object,
        _ => ValueKind.Text,
    };

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out GeoPoint value) => _kind switch
    {
        ValueKind.Array => ParseArray(text, out value),
        ValueKind.Object => ParseObject(text, out value),
        _ => ParsePair(text, out value),
    };

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out GeoPoint value)
    {
        value = default;
        return kind == _kind ? Parse(json, out value) : RecordErrorCode.TypeMismatch;
    }

    public static void Write(GeoPoint value, RowBuffer rows)
    {
        Span<byte> field = rows.GetSpan(sizeof(int) + ValueBytes);
        BinaryPrimitives.WriteInt32BigEndian(field, ValueBytes);
        BinaryPrimitives.WriteDoubleBigEndian(field[sizeof(int)..], value.Longitude);
        BinaryPrimitives.WriteDoubleBigEndian(field[(sizeof(int) + sizeof(double))..], value.Latitude);
        rows.Advance(sizeof(int) + ValueBytes);
    }

    private static RecordErrorCode ParsePair(ReadOnlySpan<byte> text, out GeoPoint value)
    {
        value = default;
        int comma = text.IndexOf((byte)',');
        return comma < 0 ? RecordErrorCode.TypeMismatch : Join(Trim(text[..comma]), Trim(text[(comma + 1)..]), out value);
    }

    private static RecordErrorCode ParseArray(ReadOnlySpan<byte> text, out GeoPoint value)
    {
        value = default;
        JsonReader json = new(text);
        json.SkipBlanks();
        return json.TryTake((byte)'[')
            && TryReadNumber(text, ref json, out ReadOnlySpan<byte> longitude)
            && json.TryTake((byte)',')
            && TryReadNumber(text, ref json, out ReadOnlySpan<byte> latitude)
            && json.TryTake((byte)']')
            && IsAtEnd(ref json)
            ? Join(longitude, latitude, out value)
            : RecordErrorCode.TypeMismatch;
    }

    private static RecordErrorCode ParseObject(ReadOnlySpan<byte> text, out GeoPoint value)
    {
        value = default;
        JsonReader json = new(text);
        json.SkipBlanks();
        if (!json.TryTake((byte)'{')
            || !TryReadMember(text, ref json, out bool isLatitude, out ReadOnlySpan<byte> first)
            || !json.TryTake((byte)',')
            || !TryReadMember(text, ref json, out bool isSecondLatitude, out ReadOnlySpan<byte> second)
            || !json.TryTake((byte)'}')
            || !IsAtEnd(ref json)
            || isLatitude == isSecondLatitude)
        {
            return RecordErrorCode.TypeMismatch;
        }

        return isLatitude ? Join(second, first, out value) : Join(first, second, out value);
    }

    private static bool TryReadMember(
        ReadOnlySpan<byte> text, ref JsonReader json, out bool isLatitude, out ReadOnlySpan<byte> number)
    {
        number = default;
        isLatitude = false;
        json.SkipBlanks();
        if (!json.TryReadString(out int start, out int length, out _))
        {
            return false;
        }

        ReadOnlySpan<byte> name = text.Slice(start, length);
        isLatitude = name.SequenceEqual("lat"u8);
        json.SkipBlanks();
        return (isLatitude || name.SequenceEqual("lon"u8)) && json.TryTake((byte)':') && TryReadNumber(text, ref json, out number);
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> text, ref JsonReader json, out ReadOnlySpan<byte> number)
    {
        json.SkipBlanks();
        bool isRead;
        if (json.Peek() == '"')
        {
            isRead = json.TryReadString(out int start, out int length, out _);
            number = isRead ? text.Slice(start, length) : default;
        }
        else
        {
            isRead = json.TryReadNumber(out number);
        }

        json.SkipBlanks();
        return isRead;
    }

    private static RecordErrorCode Join(ReadOnlySpan<byte> longitude, ReadOnlySpan<byte> latitude, out GeoPoint value)
    {
        value = default;
        RecordErrorCode first = Degrees(longitude, LongitudeMax, out double x);
        RecordErrorCode second = Degrees(latitude, LatitudeMax, out double y);
        if (first == RecordErrorCode.TypeMismatch || second == RecordErrorCode.TypeMismatch)
        {
            return RecordErrorCode.TypeMismatch;
        }

        value = new GeoPoint(x, y);
        return first == RecordErrorCode.None ? second : first;
    }

    private static RecordErrorCode Degrees(ReadOnlySpan<byte> text, double max, out double degrees)
    {
        RecordErrorCode code = default(DoubleFormat).Parse(text, out degrees);
        return code != RecordErrorCode.None ? code
            : !double.IsFinite(degrees) ? RecordErrorCode.TypeMismatch
            : Math.Abs(degrees) > max ? RecordErrorCode.OutOfRange
            : RecordErrorCode.None;
    }

    private static bool IsAtEnd(ref JsonReader json)
    {
        json.SkipBlanks();
        return json.IsAtEnd;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r\n"u8);
}
