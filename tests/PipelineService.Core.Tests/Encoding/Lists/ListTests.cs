using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Lists;

/// <remarks>The expected bytes are what PostgreSQL 15 sends for the same array.</remarks>
public sealed class ListTests
{
    private const string Texts = "00000001" + "00000000" + "00000019";
    private const string Integers = "00000001" + "00000000" + "00000014";

    [Theory]
    [InlineData("a,b", Texts + "00000002" + "00000001" + "00000001" + "61" + "00000001" + "62")]
    [InlineData("a", Texts + "00000001" + "00000001" + "00000001" + "61")]
    [InlineData("", Texts + "00000001" + "00000001" + "00000000")]
    [InlineData("a, ", Texts + "00000002" + "00000001" + "00000001" + "61" + "00000001" + "20")]
    public void Items_stand_between_delimiters(string text, string hex) => Assert.Equal(hex, Encoded.Text(Field(), text).Hex);

    [Theory]
    [InlineData("1,-2", Integers + "00000002" + "00000001" + "00000008" + "0000000000000001" + "00000008" + "FFFFFFFFFFFFFFFE")]
    [InlineData("1,x", "TypeMismatch")]
    [InlineData("1,,2", "TypeMismatch")]
    [InlineData("1, 2", "TypeMismatch")]
    [InlineData("", "TypeMismatch")]
    [InlineData("1,9223372036854775808", "OutOfRange")]
    public void Items_are_values_of_their_type(string text, string hex) => Assert.Equal(hex, Encoded.Text(Field(FieldType.Integer), text).Hex);

    [Theory]
    [InlineData("[]", "00000000" + "00000000" + "00000019")]
    [InlineData("""[ "a" , "\u0062" ]""", Texts + "00000002" + "00000001" + "00000001" + "61" + "00000001" + "62")]
    [InlineData("""["a,b"]""", Texts + "00000001" + "00000001" + "00000003" + "612C62")]
    [InlineData("[1]", "TypeMismatch")]
    [InlineData("[null]", "TypeMismatch")]
    [InlineData("""[["a"]]""", "TypeMismatch")]
    [InlineData("""["\ud800"]""", "InvalidUtf8")]
    [InlineData("""["\u0000"]""", "NulCharacter")]
    [InlineData("""{"a":1}""", "TypeMismatch")]
    public void JSON_arrays_are_lists(string json, string hex) => Assert.Equal(hex, Encoded.Json(Field(), json).Hex);

    [Fact]
    public void JSON_items_are_numbers_and_booleans_too()
    {
        Assert.Equal(Encoded.Text(Field(FieldType.Integer), "1,-2").Hex, Encoded.Json(Field(FieldType.Integer), """[1,"-2"]""").Hex);
        Assert.Equal(Encoded.Text(Field(FieldType.Boolean), "true,0").Hex, Encoded.Json(Field(FieldType.Boolean), "[true,false]").Hex);
        Assert.Equal(Encoded.Text(Field(FieldType.Number), "1.50,NaN").Hex, Encoded.Json(Field(FieldType.Number), """[1.50,"NaN"]""").Hex);
    }

    [Fact]
    public void The_delimiter_may_have_several_characters()
    {
        FieldDefinition field = Field(FieldType.Integer) with { Delimiter = " | " };
        Assert.Equal(Encoded.Text(Field(FieldType.Integer), "1,2,3").Hex, Encoded.Text(field, "1 | 2 | 3").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(field, "1|2").Hex);
    }

    [Fact]
    public void Columns_may_have_other_elements()
    {
        FieldDefinition small = Field(FieldType.Integer) with { SqlType = SqlType.ArrayOf(new(SqlTypeName.SmallInt)) };
        Assert.Equal("00000001000000000000001500000001000000010000000200FF", Encoded.Text(small, "255").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(small, "1,40000").Hex);
        FieldDefinition shorter = Field() with { SqlType = SqlType.ArrayOf(new(SqlTypeName.Varchar, Length: 2)) };
        Assert.Equal("MaxLength", Encoded.Text(shorter, "ab,abc").Hex);
        FieldDefinition text = Field(FieldType.Integer) with { SqlType = new(SqlTypeName.Text) };
        Assert.Equal("312C32", Encoded.Text(text, "1,2").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(text, "1,x").Hex);
    }

    [Fact]
    public void Constraints_count_items_and_compare_lists()
    {
        FieldDefinition field = Field(FieldType.Number) with { Constraints = new() { MinLength = 2, MaxLength = 3, Enum = ["1,2", "[1.5,2,3]", "1"] } };
        Assert.Equal("MinLength", Encoded.Text(field, "1").Hex);
        Assert.Equal("MaxLength", Encoded.Text(field, "1,2,3,4").Hex);
        Assert.Equal("None", Encoded.Text(field, "1.0,2.00").Code.ToString());
        Assert.Equal("None", Encoded.Json(field, "[1.50,2,3]").Code.ToString());
        Assert.Equal("Enum", Encoded.Text(field, "2,1").Hex);
        Assert.Equal("Enum", Encoded.Text(field, "1,2,3").Hex);
    }

    private static FieldDefinition Field(FieldType item = FieldType.String) => Encoded.Field(FieldType.List) with { ItemType = item };
}
