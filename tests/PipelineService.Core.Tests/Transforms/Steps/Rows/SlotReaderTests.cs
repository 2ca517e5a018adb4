using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>What is read for an expression is what is stored: a copy of a field is the field, whatever its type and its format.</summary>
public sealed class SlotReaderTests
{
    public static TheoryData<FieldType, string?, string, string[]> Fields => new()
    {
        { FieldType.Integer, null, "", ["0", "-0", "+7", "007", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "x", "1.0", ""] },
        { FieldType.Integer, "integer", "", ["2147483647", "-1"] },
        { FieldType.Integer, "smallint", "", ["-32768"] },
        { FieldType.Integer, "numeric", "", ["12", "-9999999999999999999999999999", "1.5", "1e2"] },
        { FieldType.Integer, "text", "", ["12", "-3"] },
        { FieldType.Number, null, "", ["0", "-0", "-0.00", "1.50", "+.5", "5.", "0.0001", "123456789012345", "1234567890123456", "0.000000000000000000000001", "12e3", "1.5e-7", "-9999999999999999999999999999", "100000000000000000", "x", "1,5", ""] },
        { FieldType.Number, "numeric(10,3)", "", ["1.5", "-1234567.125", "0"] },
        { FieldType.Number, "double precision", "", ["0.1", "-1e300", "NaN", "-INF", "1e999"] },
        { FieldType.Number, "real", "", ["0.1", "16777217", "INF", "1e-40"] },
        { FieldType.Number, null, "marks", ["1.234,50", "-0,5", "€ 3", "1,5,0"] },
        { FieldType.Number, "text", "", ["1.50"] },
        { FieldType.Boolean, null, "", ["true", "0", "yes"] },
        { FieldType.Boolean, null, "words", ["ja", "nein", "true"] },
        { FieldType.Date, null, "", ["2024-02-29", "0001-01-01", "9999-12-31", "2023-02-29", "0000-01-01"] },
        { FieldType.Date, null, "%d/%m/%Y", ["29/02/2024", "2024-02-29"] },
        { FieldType.DateTime, null, "", ["2024-02-29T12:00:00.123456+01:00", "1999-12-31 23:59:59Z", "2024-02-29"] },
        { FieldType.DateTime, "timestamp", "", ["2024-02-29T12:00:00.5", "2024-02-29T12:00:00Z"] },
        { FieldType.String, null, "", ["x", "größer", "a\\\"b", "\\ud83d\\ude00", "a b\\tc", ""] },
        { FieldType.String, "varchar(40)", "", ["x"] },
        { FieldType.String, null, "email", ["ada@example.org", "ada"] },
        { FieldType.String, "uuid", "", ["0190163D-8694-739b-aea5-966c26f8ad91", "0190163d"] },
        { FieldType.Any, null, "", ["x", "1"] },
        { FieldType.Object, null, "", ["{\\\"a\\\": 1}", "[1]", "{"] },
    };

    [Theory, MemberData(nameof(Fields))]
    public void A_copy_of_a_field_is_the_field(FieldType type, string? sqlType, string form, string[] texts)
    {
        FieldDefinition field = Formed(Computed.Field("a", type, TypeOf(sqlType)), form);
        FieldDefinition other = field with { Name = "b" };
        Computed alone = new([field, other]);
        Computed copied = new([field, other], Computed.Replace("b", "a"));

        foreach (string text in texts)
        {
            string[] both = alone.Run($$"""{"a":"{{text}}","b":"{{text}}"}""");
            string[] copy = copied.Run($$"""{"a":"{{text}}"}""");

            // Of a field that is refused its copy does not come into being, and is not refused itself.
            Assert.Equal(both[0].Replace("; b ", "; ", StringComparison.Ordinal).Split("; ")[0], copy[0]);
        }

        Assert.Equal(["null null"], copied.Run("""{"a":null}"""));
        Assert.Equal(["null null"], copied.Run("{}"));
    }

    [Theory]
    [InlineData(FieldType.Integer, "12", "12")]
    [InlineData(FieldType.Number, "1.50", "1.50")]
    [InlineData(FieldType.Number, "-12345678901234567.5", "-12345678901234567.5")]
    [InlineData(FieldType.Boolean, "true", "t")]
    [InlineData(FieldType.Object, "{\"b\":[1]}", "{\"b\":[1]}")]
    [InlineData(FieldType.Any, "12.0", "\"12.0\"")]
    [InlineData(FieldType.Any, "{\"b\":[1]}", "\"{\"b\":[1]}\"")]
    public void JSON_is_read_as_it_is_loaded(FieldType type, string json, string stored)
    {
        Computed copied = new([Computed.Field("a", type), Computed.Field("b", type)], Computed.Replace("b", "a"));

        Assert.Equal([$"{stored} {stored}"], copied.Run($"{{\"a\":{json}}}"));
    }

    [Fact]
    public void Delimited_text_is_read_without_its_quotes()
    {
        Computed copied = new(
            [Computed.Field("a"), Computed.Field("n", FieldType.Number)], isCsv: true, Computed.Derive("c", FieldType.String, "a || '/' || n::text"));

        Assert.Equal(["\"x\"y\" 1.0 \"x\"y/1.0\"", "null 1 null"], copied.Run("\"x\"\"y\",1.0\n,1\n"));
    }

    [Fact]
    public void A_number_that_is_too_long_to_compute_with_is_stored_all_the_same_unless_it_is_used()
    {
        FieldDefinition[] fields = [Computed.Field("a", FieldType.Number), Computed.Field("b", FieldType.Number)];
        const string Long = "12345678901234567890123456789";

        Assert.Equal([$"{Long} 0"], new Computed(fields, Computed.Replace("b", "case when true then 0 else a end")).Run($"{{\"a\":{Long}}}"));
        Assert.StartsWith("b expression op 0", Assert.Single(new Computed(fields, Computed.Replace("b", "a + 1")).Run($"{{\"a\":{Long}}}")), StringComparison.Ordinal);
        Assert.StartsWith("b expression op 0", Assert.Single(new Computed(fields, Computed.Replace("b", "a + 1")).Run("{\"a\":\"NaN\"}")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_cannot_be_read_rejects_the_record_beside_all_else_that_is_wrong_with_it()
    {
        Computed computed = new(
            [
                Computed.Field("a", FieldType.Integer), Computed.Field("b", FieldType.Date),
                Computed.Field("c") with { Constraints = new FieldConstraints { MaxLength = 2 } },
                Computed.Field("d") with { Constraints = new FieldConstraints { Pattern = "[a-z]+" } },
                Computed.Field("e") with { Constraints = new FieldConstraints { Required = true } },
            ],
            new FilterOp { Expression = "a > 0" },
            new LowerOp { Fields = ["d"] },
            new DeriveOp { Sets = [new SetField("e")], Expression = "'e'" });

        // Of d and e nothing is certain before the ops behind the filter have run.
        Assert.Equal(
            ["a type_mismatch; b type_mismatch; c max_length", "b type_mismatch; c max_length"],
            computed.Run("""
                {"a":"x","b":"y","c":"long","d":"UPPER"}
                {"a":"1","b":"y","c":"long","d":"UPPER"}
                """));
    }

    private static SqlType? TypeOf(string? text) => text switch
    {
        null => null,
        "integer" => new SqlType(SqlTypeName.Integer),
        "smallint" => new SqlType(SqlTypeName.SmallInt),
        "numeric" => new SqlType(SqlTypeName.Numeric),
        "numeric(10,3)" => new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 3),
        "double precision" => new SqlType(SqlTypeName.DoublePrecision),
        "real" => new SqlType(SqlTypeName.Real),
        "timestamp" => new SqlType(SqlTypeName.Timestamp),
        "varchar(40)" => new SqlType(SqlTypeName.Varchar, Length: 40),
        "uuid" => new SqlType(SqlTypeName.Uuid),
        _ => new SqlType(SqlTypeName.Text),
    };

    private static FieldDefinition Formed(FieldDefinition field, string form) => form switch
    {
        "marks" => field with { DecimalChar = ",", GroupChar = ".", BareNumber = false },
        "words" => field with { TrueValues = ["ja"], FalseValues = ["nein"] },
        "" => field,
        _ => field with { Format = form },
    };
}
