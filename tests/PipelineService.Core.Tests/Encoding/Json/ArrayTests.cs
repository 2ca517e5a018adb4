using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Json;

/// <summary>Arrays in array columns: JSON becomes the literal that means it, a literal stays as it is.</summary>
public sealed class ArrayTests
{
    private static readonly SqlType Texts = SqlType.ArrayOf(new(SqlTypeName.Text));

    [Theory]
    [InlineData("[]", "{}")]
    [InlineData(" [ 1 , -2.5e3 , null , true ] ", "{1,-2.5e3,NULL,true}")]
    [InlineData("""["a","","NULL","a b","{}",","]""", """{"a","","NULL","a b","{}",","}""")]
    [InlineData("""["say \"hi\"","a\\b","two\nlines","\u00e9\ud83d\ude00"]""", "{\"say \\\"hi\\\"\",\"a\\\\b\",\"two\nlines\",\"é😀\"}")]
    [InlineData("[[1,2],[3,4]]", "{{1,2},{3,4}}")]
    [InlineData("""[{"a":"b\"c"}]""", """{"{\"a\":\"b\\\"c\"}"}""")]
    public void Json_becomes_a_literal(string json, string literal)
    {
        Assert.Equal(literal, Read(Encoded.Json(Encoded.Field(FieldType.Array, Texts), json.Trim())));
        Assert.Equal(literal, Read(Encoded.Text(Encoded.Field(FieldType.Array, Texts), json)));
        Assert.Equal(literal, Read(Encoded.Json(Encoded.Field(FieldType.Any, Texts), json.Trim())));
    }

    [Theory]
    [InlineData("""["a",null,[1],{"b":2}]""", """{"\"a\"",NULL,"[1]","{\"b\":2}"}""")]
    public void Elements_that_are_JSON_stay_JSON(string json, string literal)
    {
        Assert.Equal(literal, Read(Encoded.Json(Encoded.Field(FieldType.Array, SqlType.ArrayOf(new(SqlTypeName.Jsonb))), json)));
        Assert.Equal(literal, Read(Encoded.Json(Encoded.Field(FieldType.Array, SqlType.ArrayOf(new(SqlTypeName.Json))), json)));
    }

    [Theory]
    [InlineData("{1,2}")]
    [InlineData("[0:1]={a,b}")]
    [InlineData("[1,2")]
    [InlineData("anything")]
    public void Other_text_is_left_to_PostgreSQL(string text)
    {
        Assert.Equal(text, Read(Encoded.Text(Encoded.Field(FieldType.Array, Texts), text)));
        Assert.Equal(text, Read(Encoded.Text(Encoded.Field(FieldType.String, Texts), text)));
    }

    [Fact]
    public void Text_of_any_type_is_not_looked_at_for_JSON() =>
        Assert.Equal("[1]", Read(Encoded.Text(Encoded.Field(FieldType.Any, Texts), "[1]")));

    [Theory]
    [InlineData("{}", 0)]
    [InlineData(" { } ", 0)]
    [InlineData("{a}", 1)]
    [InlineData("{\"\"}", 1)]
    [InlineData("{{1,2},{3,4},{5,6}}", 3)]
    [InlineData("{\"a,\\\",\",b\\,c}", 2)]
    [InlineData("[0:2]={1,2,3}", 3)]
    [InlineData("[1,2,3]", 3)]
    public void Elements_are_counted_in_both_forms(string text, int count)
    {
        Assert.Equal("None", Code(new FieldConstraints { MinLength = count, MaxLength = count }, text));
        Assert.Equal("MinLength", Code(new FieldConstraints { MinLength = count + 1 }, text));
        if (count > 0)
        {
            Assert.Equal("MaxLength", Code(new FieldConstraints { MaxLength = count - 1 }, text));
        }
    }

    [Theory]
    [InlineData("[\"\\u0000\"]", "NulCharacter")]
    [InlineData("[\"\\ud800\"]", "InvalidUtf8")]
    [InlineData("{\0}", "NulCharacter")]
    public void What_no_text_can_hold_is_refused(string text, string code) =>
        Assert.Equal(code, Code(FieldConstraints.None, text));

    [Theory]
    [InlineData("1")]
    [InlineData("{}")]
    [InlineData("true")]
    public void Other_JSON_is_no_array(string json) => Assert.Equal(
        "TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Array, Texts), json).Code.ToString());

    [Fact]
    public void Members_of_an_enum_do_not_apply()
    {
        FieldDefinition field = Encoded.Field(FieldType.Array, Texts, new FieldConstraints { Enum = ["[1]"] });

        Assert.False(Core.Encoding.FieldEncoders.TryValidate(field, out string? fault));
        Assert.Equal("enum does not apply to a field of type array in a column of type text[].", fault);
    }

    private static string Read(Encoded encoded)
    {
        Assert.Equal("None", encoded.Code.ToString());
        return System.Text.Encoding.UTF8.GetString(encoded.Bytes);
    }

    private static string Code(FieldConstraints constraints, string text) =>
        Encoded.Text(Encoded.Field(FieldType.Array, Texts, constraints), text).Code.ToString();
}
