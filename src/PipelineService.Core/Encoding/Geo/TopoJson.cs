namespace PipelineService.Core.Encoding.Geo;

/// <summary>
/// Whether a JSON object is a TopoJSON topology: objects, arcs, and a transform if it is quantized. Source:
/// https://github.com/topojson/topojson-specification.
/// </summary>
/// <inheritdoc cref="GeoJson" path="/remarks"/>
internal static class TopoJson
{
    private const int ArcPositionsMin = 2;

    public static bool IsTopology(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> transform = JsonMember.Find(json, "transform"u8);
        return JsonMember.Find(json, "type"u8).SequenceEqual("\"Topology\""u8)
            && (transform.IsEmpty || IsTransform(transform))
            && AreArcs(JsonMember.Find(json, "arcs"u8))
            && AreObjects(JsonMember.Find(json, "objects"u8));
    }

    private static bool IsTransform(ReadOnlySpan<byte> json) =>
        JsonItem.AreNumbers(JsonMember.Find(json, "scale"u8), 2, 2)
        && JsonItem.AreNumbers(JsonMember.Find(json, "translate"u8), 2, 2);

    private static bool AreArcs(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!GeoJson.ArePositions(item.Value, ArcPositionsMin))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool AreObjects(ReadOnlySpan<byte> json)
    {
        JsonMember member = new(json);
        while (member.MoveNext())
        {
            if (!IsGeometry(member.Value))
            {
                return false;
            }
        }

        return member.IsObject;
    }

    private static bool IsGeometry(ReadOnlySpan<byte> json)
    {
        ReadOnlySpan<byte> type = JsonMember.Find(json, "type"u8);
        ReadOnlySpan<byte> arcs = JsonMember.Find(json, "arcs"u8);
        ReadOnlySpan<byte> coordinates = JsonMember.Find(json, "coordinates"u8);
        return type.SequenceEqual("null"u8)
            || (type.SequenceEqual("\"Point\""u8) ? GeoJson.IsPosition(coordinates)
            : type.SequenceEqual("\"MultiPoint\""u8) ? GeoJson.ArePositions(coordinates, 0)
            : type.SequenceEqual("\"LineString\""u8) ? AreIndexes(arcs, 0)
            : type.SequenceEqual("\"MultiLineString\""u8) || type.SequenceEqual("\"Polygon\""u8) ? AreIndexes(arcs, 1)
            : type.SequenceEqual("\"MultiPolygon\""u8) ? AreIndexes(arcs, 2)
            : type.SequenceEqual("\"GeometryCollection\""u8) && AreGeometries(JsonMember.Find(json, "geometries"u8)));
    }

    private static bool AreGeometries(ReadOnlySpan<byte> json)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (!IsGeometry(item.Value))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    /// <summary>Whole numbers in so many arrays around their array.</summary>
    private static bool AreIndexes(ReadOnlySpan<byte> json, int depth)
    {
        JsonItem item = new(json);
        while (item.MoveNext())
        {
            if (depth > 0 ? !AreIndexes(item.Value, depth - 1) : !IsIndex(item.Value))
            {
                return false;
            }
        }

        return item.IsArray;
    }

    private static bool IsIndex(ReadOnlySpan<byte> json) =>
        JsonItem.IsNumber(json) && !json.ContainsAny((byte)'.', (byte)'e', (byte)'E');
}
