namespace PipelineService.Core.Encoding.Geo;

/// <summary>
/// Whether a JSON object is a GeoJSON object: its type, and that it has what its type needs. Source: RFC 7946. Members that
/// nobody asked for may be there.
/// </summary>
/// <remarks>
/// The text is known to be well-formed and no deeper than JSON may be here, which bounds how often a part of it is looked at.
/// </remarks>
internal static class GeoJson
{
    private const int PositionNumbersMin = 2;
    private const int LinePositionsMin = 2;
    private const int RingPositionsMin = 4;

    public static bool IsObject(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> type = JsonMember.Find(json, "type"u8);
        return type.SequenceEqual("\"FeatureCollection\""u8) ? AreFeatures(JsonMember.Find(json, "features"u8))
            : type.SequenceEqual("\"Feature\""u8) ? IsFeature(json)
            : IsGeometry(json, type);
    }

    /// <summary>A position: two numbers or more.</summary>
    internal static bool IsPosition(ReadOnlySpan<byte> json) => JsonItem.AreNumbers(json, PositionNumbersMin, int.MaxValue);

    /// <summary>Positions in an array.</summary>
    internal static bool ArePositions(ReadOnlySpan<byte> json, int least)
    {
        JsonItem item = new(json);
        int count = 0;
        while (item.MoveNext())
        {
            if (!IsPosition(item.Value))
            {
                return false;
            }

            count++;
        }

        return item.IsArray && count >= least;
    }

    private static bool AreFeatures(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!JsonMember.Find(item.Value, "type"u8).SequenceEqual("\"Feature\""u8) || !IsFeature(item.Value))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool IsFeature(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> geometry = JsonMember.Find(json, "geometry"u8);
        ReadOnlySpan<byte> properties = JsonMember.Find(json, "properties"u8);
        return (IsNull(properties) || new JsonMember(properties).IsObject)
            && (IsNull(geometry) || IsGeometry(geometry, JsonMember.Find(geometry, "type"u8)));
    }

    private static bool IsGeometry(ReadOnlySpan<byte> json, ReadOnlySpan<byte> type)
    {
        ReadOnlySpan<byte> coordinates = JsonMember.Find(json, "coordinates"u8);
        return type.SequenceEqual("\"Point\""u8) ? IsPosition(coordinates)
            : type.SequenceEqual("\"MultiPoint\""u8) ? ArePositions(coordinates, 0)
            : type.SequenceEqual("\"LineString\""u8) ? ArePositions(coordinates, LinePositionsMin)
            : type.SequenceEqual("\"MultiLineString\""u8) ? AreLines(coordinates)
            : type.SequenceEqual("\"Polygon\""u8) ? AreRings(coordinates)
            : type.SequenceEqual("\"MultiPolygon\""u8) ? ArePolygons(coordinates)
            : type.SequenceEqual("\"GeometryCollection\""u8) && AreGeometries(JsonMember.Find(json, "geometries"u8));
    }

    private static bool AreLines(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!ArePositions(item.Value, LinePositionsMin))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool ArePolygons(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!AreRings(item.Value))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool AreRings(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!ArePositions(item.Value, RingPositionsMin) || !IsClosed(item.Value))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool IsClosed(ReadOnlySpan<byte> ring)
    {
        JsonItem item = new(ring);
        item.MoveNext();
        ReadOnlySpan<byte> first = item.Value;
        while (item.MoveNext())
        {
        }

        return JsonItem.AreSameNumbers(first, item.Value);
    }

    private static bool AreGeometries(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!IsGeometry(item.Value, JsonMember.Find(item.Value, "type"u8)))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool IsNull(ReadOnlySpan<byte> json) => json.SequenceEqual("null"u8);
}
