using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Geo;

public sealed class GeoPointTests
{
    private const string Point = "4056A00000000000" + "4046C00000000000";

    [Theory]
    [InlineData("90.50, 45.50")]
    [InlineData("90.50,45.50")]
    [InlineData(" 9.05e1 , +45.5 ")]
    public void Default_is_longitude_and_latitude(string text) =>
        Assert.Equal(Point, Encoded.Text(Field(FieldFormats.Default), text).Hex);

    [Theory]
    [InlineData("[90.50, 45.50]")]
    [InlineData("[90.50,45.50]")]
    [InlineData("""[ "90.50" , 45.50 ]""")]
    public void Array_is_a_JSON_array_or_its_text(string json)
    {
        Assert.Equal(Point, Encoded.Text(Field(FieldFormats.Array), json).Hex);
        Assert.Equal(Point, Encoded.Json(Field(FieldFormats.Array), json).Hex);
    }

    [Theory]
    [InlineData("""{"lon": 90.50, "lat": 45.50}""")]
    [InlineData("""{"lat":"45.50","lon":90.5}""")]
    public void Object_is_a_JSON_object_or_its_text(string json)
    {
        Assert.Equal(Point, Encoded.Text(Field(FieldFormats.Object), json).Hex);
        Assert.Equal(Point, Encoded.Json(Field(FieldFormats.Object), json).Hex);
    }

    [Fact]
    public void Degrees_have_a_range()
    {
        Assert.Equal("4066800000000000" + "C056800000000000", Encoded.Text(Field(FieldFormats.Default), "180,-90").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(Field(FieldFormats.Default), "180.0001,0").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(Field(FieldFormats.Array), "[0,-90.0001]").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(Field(FieldFormats.Object), """{"lon":1e999,"lat":0}""").Hex);
    }

    [Fact]
    public void Refuses_everything_else()
    {
        Assert.All(
            ["", ",", "1", "1,", ",1", "1 2", "1,2,3", "1;2", "(1,2)", "[1,2]", "NaN,1", "1,INF", "a,b", "1,2x"],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Field(FieldFormats.Default), text).Hex)));
        Assert.All(
            ["", "[]", "[1]", "[1,2,3]", "[1,2", "[1,2]x", "[1,null]", "[1,[2]]", "[01,2]", "1,2", """["a",1]""", """["NaN",1]"""],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Field(FieldFormats.Array), text).Hex)));
        Assert.All(
            [
                "", "{}", """{"lon":1}""", """{"lon":1,"lon":2}""", """{"lon":1,"lat":2,"alt":3}""", """{"lon":1,"alt":2}""",
                """{"lon":1,"lat":null}""", """{"lon":1,"lat":2}x""", """{"lon" 1,"lat":2}""", "[1,2]",
            ],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Field(FieldFormats.Object), text).Hex)));
        Assert.Equal("TypeMismatch", Encoded.Json(Field(FieldFormats.Default), "[1,2]").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Field(FieldFormats.Array), """{"lon":1,"lat":2}""").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Field(FieldFormats.Object), "[1,2]").Hex);
    }

    [Fact]
    public void Members_are_points()
    {
        FieldDefinition field = Field(FieldFormats.Default) with { Constraints = new() { Enum = ["90.5,45.5"] } };
        Assert.Equal("None", Encoded.Text(field, "90.50, 45.50").Code.ToString());
        Assert.Equal("Enum", Encoded.Text(field, "90.50, 45.51").Hex);
    }

    private static FieldDefinition Field(string format) => Encoded.Field(FieldType.GeoPoint) with { Format = format };
}
