using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Geo;

public sealed class GeoJsonTests
{
    private const string Ring = "[[0,0],[1,0],[1,1],[0,0.0]]";
    private const string Point = """{"type":"Point","coordinates":[90.5,45.5]}""";

    [Theory]
    [InlineData(Point)]
    [InlineData(""" { "coordinates" : [ 1 , 2 , 3 ] , "bbox": [], "\u0074ype" : "Point" } """)]
    [InlineData("""{"type":"MultiPoint","coordinates":[]}""")]
    [InlineData("""{"type":"LineString","coordinates":[[0,0],[1,1]]}""")]
    [InlineData("""{"type":"MultiLineString","coordinates":[[[0,0],[1,1]]]}""")]
    [InlineData("""{"type":"Polygon","coordinates":[""" + Ring + "]}")]
    [InlineData("""{"type":"MultiPolygon","coordinates":[[""" + Ring + "]]}")]
    [InlineData("""{"type":"GeometryCollection","geometries":[""" + Point + "]}")]
    [InlineData("""{"type":"Feature","geometry":""" + Point + ""","properties":{"a":1}}""")]
    [InlineData("""{"type":"Feature","geometry":null,"properties":null}""")]
    [InlineData("""{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{}}]}""")]
    public void Takes_GeoJSON(string json)
    {
        Assert.Equal("01" + Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(json)), Encoded.Text(Field(), json).Hex);
        Assert.Equal("None", Encoded.Json(Field(), json.Trim()).Code.ToString());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"type":"point","coordinates":[1,2]}""")]
    [InlineData("""{"type":"Point"}""")]
    [InlineData("""{"type":"Point","coordinates":[1]}""")]
    [InlineData("""{"type":"Point","coordinates":["1","2"]}""")]
    [InlineData("""{"type":"Point","coordinates":[[1,2]]}""")]
    [InlineData("""{"type":"MultiPoint","coordinates":[1,2]}""")]
    [InlineData("""{"type":"LineString","coordinates":[[0,0]]}""")]
    [InlineData("""{"type":"MultiLineString","coordinates":[[[0,0]]]}""")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}""")]
    [InlineData("""{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}""")]
    [InlineData("""{"type":"MultiPolygon","coordinates":[""" + Ring + "]}")]
    [InlineData("""{"type":"GeometryCollection","geometries":[1]}""")]
    [InlineData("""{"type":"Feature","geometry":""" + Point + "}")]
    [InlineData("""{"type":"Feature","properties":{}}""")]
    [InlineData("""{"type":"FeatureCollection","features":[""" + Point + "]}")]
    [InlineData("""{"type":"FeatureCollection"}""")]
    [InlineData("""{"type":["Point"],"coordinates":[1,2]}""")]
    public void Refuses_other_objects(string json) => Assert.Equal("Format", Encoded.Text(Field(), json).Hex);

    [Fact]
    public void Refuses_what_is_no_object()
    {
        Assert.Equal("TypeMismatch", Encoded.Text(Field(), "[1,2]").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Field(), "POINT(1 2)").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Field(), Point + ",").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Field(), "[1,2]").Hex);
        Assert.Equal("DuplicateField", Encoded.Text(Field(), """{"type":"Point","type":"Point","coordinates":[1,2]}""").Hex);
    }

    [Theory]
    [InlineData("""{"type":"Topology","objects":{},"arcs":[]}""")]
    [InlineData("""{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[1,2]},"b":{"type":null}},"arcs":[]}""")]
    [InlineData("""{"type":"Topology","transform":{"scale":[1,1],"translate":[0,0]},"objects":{"a":{"type":"Polygon","arcs":[[0]]}},"arcs":[[[0,0],[1,1]]]}""")]
    [InlineData("""{"type":"Topology","objects":{"a":{"type":"GeometryCollection","geometries":[{"type":"LineString","arcs":[-1]},{"type":"MultiPolygon","arcs":[[[0]]]}]}},"arcs":[]}""")]
    public void Takes_TopoJSON(string json) => Assert.Equal("None", Encoded.Text(Field(FieldFormats.TopoJson), json).Code.ToString());

    [Theory]
    [InlineData(Point)]
    [InlineData("""{"type":"Topology","objects":{}}""")]
    [InlineData("""{"type":"Topology","objects":[],"arcs":[]}""")]
    [InlineData("""{"type":"Topology","objects":{},"arcs":[[[0,0]]]}""")]
    [InlineData("""{"type":"Topology","objects":{"a":{}},"arcs":[]}""")]
    [InlineData("""{"type":"Topology","objects":{"a":{"type":"LineString","arcs":[0.5]}},"arcs":[]}""")]
    [InlineData("""{"type":"Topology","objects":{"a":{"type":"Polygon","arcs":[0]}},"arcs":[]}""")]
    [InlineData("""{"type":"Topology","transform":{"scale":[1]},"objects":{},"arcs":[]}""")]
    public void Refuses_other_topologies(string json) => Assert.Equal("Format", Encoded.Text(Field(FieldFormats.TopoJson), json).Hex);

    [Fact]
    public void Length_counts_members() => Assert.Equal(
        "MinLength", Encoded.Text(Field() with { Constraints = new() { MinLength = 3 } }, Point).Hex);

    private static FieldDefinition Field(string format = FieldFormats.Default) => Encoded.Field(FieldType.GeoJson) with { Format = format };
}
