using System.Text.Json;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Json;

public sealed class JsonTests
{
    private static readonly FieldDefinition Object = Encoded.Field(FieldType.Object);
    private static readonly FieldDefinition Array = Encoded.Field(FieldType.Array);
    private static readonly FieldDefinition Text = Encoded.Field(FieldType.String, SqlTypeName.Jsonb);

    [Fact]
    public void Jsonb_has_a_version_and_json_has_none()
    {
        Assert.Equal("017B2261223A5B312C312E35305D7D", Encoded.Text(Object, """{"a":[1,1.50]}""").Hex);
        Assert.Equal("7B2261223A317D", Encoded.Text(Encoded.Field(FieldType.Object, SqlTypeName.Json), """{"a":1}""").Hex);
        Assert.Equal("5B5D", Encoded.Text(Encoded.Field(FieldType.Array, SqlTypeName.Text), "[]").Hex);
        Assert.Equal("015B5D", Encoded.Json(Array, "[]").Hex);
    }

    [Fact]
    public void The_kind_must_be_the_declared_one()
    {
        Assert.Equal("TypeMismatch", Encoded.Text(Object, "[]").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Array, "{}").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Array, "1").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Object, "").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Object, "[]").Hex);
        Assert.Equal("TypeMismatch", Encoded.Json(Array, "1").Hex);
    }

    [Theory]
    [InlineData("""{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}""", "None")]
    [InlineData("""{"a":1,"a":2}""", "DuplicateField")]
    [InlineData("""{"a":1,"\u0061":2}""", "DuplicateField")]
    [InlineData("""{"\ud83d\ude00":1,"😀":2}""", "DuplicateField")]
    [InlineData("""[{"x":{"n":1,"\/":2,"/":3}}]""", "DuplicateField")]
    [InlineData("""["\u0000"]""", "NulCharacter")]
    [InlineData("""["\\u0000"]""", "None")]
    [InlineData("""["\ud800"]""", "InvalidUtf8")]
    [InlineData("""["\udc00\ud800"]""", "InvalidUtf8")]
    [InlineData("""["\ud800\u0041"]""", "InvalidUtf8")]
    [InlineData("[1e131071]", "None")]
    [InlineData("[1e131072]", "OutOfRange")]
    [InlineData("[1e-16384]", "OutOfRange")]
    [InlineData("[0e1073741822]", "None")]
    [InlineData("[0e1073741823]", "OutOfRange")]
    [InlineData("[1e99999999999999999999]", "OutOfRange")]
    public void Refuses_what_jsonb_would_lose(string json, string code) =>
        Assert.Equal(code, Encoded.Text(Text, json).Code.ToString());

    [Fact]
    public void Refuses_bytes_that_are_not_utf8() =>
        Assert.Equal("InvalidUtf8", Encoded.Text(Array, [(byte)'[', (byte)'"', 0xFF, (byte)'"', (byte)']']).Hex);

    [Fact]
    public void Refuses_nesting_beyond_the_limit()
    {
        Assert.Equal("None", Encoded.Text(Array, new string('[', 64) + new string(']', 64)).Code.ToString());
        Assert.Equal("MalformedJson", Encoded.Text(Array, new string('[', 65) + new string(']', 65)).Code.ToString());
        Assert.Equal("MalformedJson", Encoded.Text(Array, new string('[', 1_000_000)).Code.ToString());
    }

    [Theory]
    [InlineData("[]", "MinLength")]
    [InlineData("[[1,2],2]", "None")]
    [InlineData("[1,2,3,4]", "MaxLength")]
    public void Counts_elements(string json, string code) => Assert.Equal(
        code, Encoded.Text(Array with { Constraints = new() { MinLength = 1, MaxLength = 3 } }, json).Code.ToString());

    [Fact]
    public void Counts_members() => Assert.Equal(
        "MaxLength", Encoded.Text(Object with { Constraints = new() { MaxLength = 1 } }, """{"a":[1,2,3],"b":{}}""").Hex);

    [Fact]
    public void Members_of_an_enum_are_equal_by_value()
    {
        FieldDefinition field = Object with { Constraints = new() { Enum = ["""{"a":1,"b":[2]}"""] } };
        Assert.Equal("None", Encoded.Text(field, """{ "b" : [2.0], "a" : 1 }""").Code.ToString());
        Assert.Equal("Enum", Encoded.Text(field, """{"a":1}""").Hex);
    }

    [Fact]
    public void Finds_a_repeated_name_among_many()
    {
        string names = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $"\"n{i}\":{i}"));
        Assert.Equal("None", Encoded.Text(Object, $"{{{names}}}").Code.ToString());
        Assert.Equal("DuplicateField", Encoded.Text(Object, $"{{{names},\"n17\":0}}").Code.ToString());
        Assert.Equal("DuplicateField", Encoded.Text(Object, $"{{{names},\"\\u006e17\":0}}").Code.ToString());
    }

    [Fact]
    public void Agrees_with_the_framework_on_what_is_json() => JsonData.Any.Sample(
        json =>
        {
            string code = Encoded.Text(Text, json).Code.ToString();
            Assert.True(
                code is "DuplicateField" or "InvalidUtf8" || code == (IsJson(json) ? "None" : "TypeMismatch"), $"{json}: {code}");
        },
        iter: 20_000);

    private static bool IsJson(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
