using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Json.Schemas;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Json.Schemas;

/// <summary>Each word of JSON Schema with what it takes and what it refuses; and what is refused of schemas themselves.</summary>
public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("{}", "null;1;\"x\";[];{}", "")]
    [InlineData("true", "null", "")]
    [InlineData("false", "", "null;1")]
    [InlineData("""{"type":"integer"}""", "1;1.0;1e2;-0;1.5e1", "1.5;\"1\";true;1e-1")]
    [InlineData("""{"type":["number","null"]}""", "1.5;null", "true;\"1\"")]
    [InlineData("""{"type":["object","array","string","boolean"]}""", "{};[];\"\";true;false", "0;null")]
    [InlineData("""{"enum":["a",1,null,{"b":[1,2]}]}""", "\"a\";\"\\u0061\";1;1.0;10e-1;null;{\"b\":[1.0,2]}", "\"A\";2;false;{\"b\":[2,1]};{}")]
    [InlineData("""{"const":false}""", "false", "0;null;true")]
    [InlineData("""{"minimum":1.5,"maximum":20}""", "1.5;20;2e1;20.0;\"x\"", "1.49999999999999999999;20.1;-3;1e400")]
    [InlineData("""{"exclusiveMinimum":0,"exclusiveMaximum":0.3}""", "0.1;1e-300;0.29999999999999999999999", "0;0.3;-0.0;1")]
    [InlineData("""{"multipleOf":0.01}""", "0;0.07;19.99;1e300;-3", "0.001;19.999;1e-3")]
    [InlineData("""{"multipleOf":7}""", "14;1.4e1;-7;0.0", "15;7.5;1e2")]
    [InlineData("""{"minLength":2,"maxLength":3}""", "\"ab\";\"äöü\";\"\\u00e4\\ud83d\\ude00\";7", "\"a\";\"abcd\";\"\\ud83d\\ude00\"")]
    [InlineData("""{"pattern":"^a+$"}""", "\"a\";\"aaa\";1", "\"b\";\"ab\"")]
    [InlineData("""{"pattern":"b"}""", "\"abc\"", "\"ac\"")]
    [InlineData("""{"items":{"type":"integer"},"minItems":1,"maxItems":2}""", "[1];[1,2];{}", "[];[1,2,3];[\"x\"]")]
    [InlineData("""{"prefixItems":[{"type":"integer"},true],"items":false}""", "[];[1];[1,\"x\"]", "[\"x\"];[1,2,3]")]
    [InlineData("""{"items":[{"type":"integer"}],"additionalItems":{"type":"string"}}""", "[1,\"a\",\"b\"]", "[1,2];[\"a\"]")]
    [InlineData("""{"contains":{"const":1}}""", "[0,1];[1,1]", "[];[0]")]
    [InlineData("""{"contains":{"const":1},"minContains":0,"maxContains":1}""", "[];[1,0]", "[1,1]")]
    [InlineData("""{"uniqueItems":true}""", "[];[1,2,\"1\"];[{\"a\":1},{\"a\":2}];[[1],[1,1]]", "[1,1.0];[\"a\",\"\\u0061\"];[{\"a\":1,\"b\":2},0,{\"b\":2,\"a\":1}];[[],[]]")]
    [InlineData("""{"properties":{"a":{"type":"integer"},"é":false},"required":["a"]}""", "{\"a\":1};{\"a\":1,\"b\":\"x\"};[]", "{};{\"a\":\"x\"};{\"a\":1,\"\\u00e9\":0}")]
    [InlineData("""{"patternProperties":{"^x_":{"type":"integer"}},"additionalProperties":false}""", "{};{\"x_a\":1}", "{\"y\":1};{\"x_a\":\"\"}")]
    [InlineData("""{"propertyNames":{"maxLength":2,"pattern":"^[a-z]+$"}}""", "{\"ab\":1}", "{\"abc\":1};{\"A\":1};{\"\\u0041\":1}")]
    [InlineData("""{"minProperties":1,"maxProperties":2}""", "{\"a\":1};{\"a\":1,\"b\":2}", "{};{\"a\":1,\"b\":2,\"c\":3}")]
    [InlineData("""{"dependentRequired":{"a":["b"]}}""", "{};{\"b\":1};{\"a\":1,\"b\":1}", "{\"a\":1}")]
    [InlineData("""{"dependentSchemas":{"a":{"properties":{"b":{"type":"integer"}}}}}""", "{\"b\":\"\"};{\"b\":1,\"a\":0}", "{\"b\":\"\",\"a\":0}")]
    [InlineData("""{"dependencies":{"a":["b"],"c":{"maxProperties":1}}}""", "{\"a\":1,\"b\":1};{\"c\":1}", "{\"a\":1};{\"c\":1,\"d\":1}")]
    [InlineData("""{"allOf":[{"minimum":1},{"maximum":3}]}""", "2", "0;4")]
    [InlineData("""{"anyOf":[{"type":"string"},{"minimum":5}]}""", "\"\";6", "4")]
    [InlineData("""{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}""", "2;3", "6;5")]
    [InlineData("""{"not":{"required":["a"]}}""", "{}", "{\"a\":1}")]
    [InlineData("""{"if":{"minimum":10},"then":{"multipleOf":10},"else":{"multipleOf":2}}""", "4;20", "5;12")]
    [InlineData("""{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"integer"}},"minimum":3}""", "3", "2;\"x\"")]
    [InlineData("""{"$schema":"http://json-schema.org/draft-07/schema#","$ref":"#/definitions/a","definitions":{"a":{"type":"integer"}},"minimum":3}""", "2", "\"x\"")]
    [InlineData("""{"properties":{"a":{"properties":{"b":{"items":{"properties":{"c":{"const":1}}}}}}}}""", "{\"a\":{\"b\":[{\"c\":1},{}]}}", "{\"a\":{\"b\":[{},{\"c\":2}]}}")]
    public void Takes_and_refuses(string schema, string taken, string refused)
    {
        JsonSchema compiled = Compile(schema);

        Assert.All(Values(taken), value => Assert.True(compiled.Accepts(Bytes(value))));
        Assert.All(Values(refused), value => Assert.False(compiled.Accepts(Bytes(value))));
    }

    [Theory]
    [InlineData("""{"type":"strnig"}""", "/type: Must be of null, boolean, object, array, number, string and integer.")]
    [InlineData("""{"properties":{"a/b":{"minimum":"1"}}}""", "/properties/a~1b/minimum: Must be a number.")]
    [InlineData("""{"items":7}""", "/items: Must be a schema: an object, true or false.")]
    [InlineData("""{"allOf":[]}""", "/allOf: Must have at least one schema.")]
    [InlineData("""{"anyOf":[{"minLength":-1}]}""", "/anyOf/0/minLength: Must be a whole number from 0 on.")]
    [InlineData("""{"required":"a"}""", "/required: Must be an array.")]
    [InlineData("""{"uniqueItems":1}""", "/uniqueItems: Must be true or false.")]
    [InlineData("""{"multipleOf":0}""", "/multipleOf: Must be greater than 0, with 18 significant digits at most.")]
    [InlineData("""{"pattern":"("}""", "/pattern: The pattern cannot be read at character 2: insufficient closing parentheses.")]
    [InlineData("""{"$schema":"https://example.com/mine"}""", "/$schema: Must be one of ")]
    [InlineData("""{"$ref":"https://example.com/x"}""", "/$ref: Must begin with \"#\": references stay within the schema, and nothing is fetched.")]
    [InlineData("""{"$ref":"other.json"}""", "/$ref: Must begin with \"#\"")]
    [InlineData("""{"$ref":"#/$defs/a"}""", "/$ref: There is nothing at \"#/$defs/a\".")]
    [InlineData("""{"$ref":"#"}""", "/$ref: \"#\" leads back to where it stands.")]
    [InlineData("""{"properties":{"left":{"$ref":"#"}}}""", "/properties/left/$ref: \"#\" leads back to where it stands.")]
    [InlineData("""{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"not":{"$ref":"#/$defs/a"}}}}""", "/$defs/b/not/$ref: \"#/$defs/a\" leads back to where it stands.")]
    [InlineData("""{"unevaluatedProperties":false}""", "/unevaluatedProperties: \"unevaluatedProperties\" is not taken.")]
    [InlineData("""{"properties":{"a":{"$id":"b"}}}""", "/properties/a/$id: \"$id\" is not taken.")]
    public void Says_where_a_schema_is_at_fault(string schema, string fault)
    {
        Assert.Null(JsonSchema.Compile(JsonElement.Parse(schema), out IReadOnlyList<JsonSchemaFault> faults));

        JsonSchemaFault found = Assert.Single(faults);
        Assert.StartsWith(fault, $"{found.Pointer}: {found.Sentence}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("^(a+)+$")]
    [InlineData("(x|x|x)*y")]
    public void No_pattern_takes_more_than_linear_time(string pattern)
    {
        JsonSchema schema = Compile(JsonSerializer.Serialize(new { pattern, patternProperties = new Dictionary<string, bool> { [pattern] = true } }));

        // With backtracking this would not end.
        Assert.False(schema.Accepts(Bytes($"\"{new string('a', 50_000)}!\"")));
    }

    [Theory]
    [InlineData("""(?=a)""")]
    [InlineData("""(a)\1""")]
    public void A_pattern_that_must_go_back_is_refused(string pattern)
    {
        Assert.Null(JsonSchema.Compile(JsonSerializer.SerializeToElement(new { pattern }), out IReadOnlyList<JsonSchemaFault> faults));
        Assert.Contains("look-around", Assert.Single(faults).Sentence, StringComparison.Ordinal);
    }

    /// <summary>Each refers twice to the next: what is small as it is written would be read 2^20 times.</summary>
    [Fact]
    public void References_that_multiply_are_bounded()
    {
        string defs = string.Join(',', Enumerable.Range(0, 20).Select(i =>
            $$"""  "d{{i}}": {"allOf":[{"$ref":"#/$defs/d{{i + 1}}"},{"$ref":"#/$defs/d{{i + 1}}"}]} """));

        Assert.Null(JsonSchema.Compile(
            JsonElement.Parse($$"""{"$ref":"#/$defs/d0","$defs":{ {{defs}}, "d20": true } }"""), out IReadOnlyList<JsonSchemaFault> faults));
        Assert.Equal("", Assert.Single(faults).Pointer);
    }

    [Fact]
    public void References_in_a_row_are_bounded()
    {
        string defs = string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""  "d{{i}}": {"$ref":"#/$defs/d{{i + 1}}"} """));

        Assert.Null(JsonSchema.Compile(
            JsonElement.Parse($$"""{"$ref":"#/$defs/d0","$defs":{ {{defs}}, "d100": true } }"""), out IReadOnlyList<JsonSchemaFault> faults));
        Assert.Contains("nested deeper than 64", Assert.Single(faults).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_that_no_draft_has_are_told()
    {
        JsonSchema schema = Compile("""{"requried":["a"],"items":{"x-note":1,"format":"date","title":"t"}}""");

        Assert.Equal([("/requried", "requried"), ("/items/x-note", "x-note")], schema.UnknownWords);
    }

    /// <summary>As many items as a record may hold, all different, and large numbers that are all infinite as floating point.</summary>
    [Fact]
    public void Unique_items_are_not_compared_each_with_each()
    {
        JsonSchema schema = Compile("""{"uniqueItems":true}""");
        string[] items = [.. Enumerable.Range(0, 100_000).Select(i => $"{i + 1}e400")];

        Assert.True(schema.Accepts(Bytes($"[{string.Join(',', items)}]")));
        Assert.False(schema.Accepts(Bytes($"[{string.Join(',', items)},10e399]")));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_value()
    {
        JsonSchema schema = Compile("""
            {"type":"object","required":["value"],"propertyNames":{"maxLength":9},"additionalProperties":false,
             "properties":{"value":{"type":"integer","minimum":0,"multipleOf":5},"name":{"type":"string","pattern":"^[a-z]+$","enum":["abc","é"]},
                           "list":{"items":{"type":"number"},"minItems":1}}}
            """);
        byte[] json = Bytes("""{"value":25,"name":"\u0061bc","list":[1,2.5,3e2]}""");

        Assert.Equal(0, Allocations.Of(() => Assert.True(schema.Accepts(json))));
    }

    [Theory]
    [InlineData(FieldType.Object, """{"value": 100}""", "None")]
    [InlineData(FieldType.Object, """{"value": "bad"}""", "JsonSchema")]
    [InlineData(FieldType.Object, "{value}", "TypeMismatch")]
    [InlineData(FieldType.Array, "[1]", "None")]
    public void Is_a_constraint_of_fields(FieldType type, string text, string code)
    {
        FieldConstraints constraints = new() { JsonSchema = """{"properties":{"value":{"type":"integer"}}}""" };

        Assert.Equal(code, Encoded.Text(Encoded.Field(type, constraints: constraints), text).Code.ToString());
        Assert.Equal(code, Encoded.Text(Encoded.Field(type, SqlTypeName.Text, constraints), text).Code.ToString());
    }

    private static byte[] Bytes(string json) => System.Text.Encoding.UTF8.GetBytes(json);

    private static JsonSchema Compile(string schema)
    {
        var compiled = JsonSchema.Compile(JsonElement.Parse(schema), out IReadOnlyList<JsonSchemaFault> faults);
        Assert.Empty(faults);
        return compiled!;
    }

    private static string[] Values(string all) => all.Split(';', StringSplitOptions.RemoveEmptyEntries);
}
