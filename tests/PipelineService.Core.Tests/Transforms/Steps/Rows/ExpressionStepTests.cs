using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Rows;

/// <summary>What derive, filter and require make of records.</summary>
public sealed class ExpressionStepTests
{
    private static readonly FieldDefinition[] Trip =
    [
        Computed.Field("fare", FieldType.Number), Computed.Field("km", FieldType.Number), Computed.Field("who"),
    ];

    [Theory]
    [InlineData(FieldType.Number, "numeric(10,2)", "10.0 / 3", "3.33")]
    [InlineData(FieldType.Number, "numeric(10,2)", "2.005", "2.01")]
    [InlineData(FieldType.Number, "numeric(10,2)", "-2.005", "-2.01")]
    [InlineData(FieldType.Number, "numeric(3,1)", "99.95", "c out_of_range")]
    [InlineData(FieldType.Number, null, "2.50", "2.50")]
    [InlineData(FieldType.Number, null, "1234567890123456789012345678", "1234567890123456789012345678")]
    [InlineData(FieldType.Number, "real", "cast(0.1 as float)", "0.1")]
    [InlineData(FieldType.Number, "real", "cast(1e20 as float) * cast(1e20 as float)", "c out_of_range")]
    [InlineData(FieldType.Integer, "smallint", "32768", "c out_of_range")]
    [InlineData(FieldType.Integer, "smallint", "-32768", "-32768")]
    [InlineData(FieldType.Integer, "numeric", "2.0", "2")]
    [InlineData(FieldType.Integer, "numeric", "2.5", "c type_mismatch")]
    [InlineData(FieldType.Boolean, null, "1 > 2", "f")]
    [InlineData(FieldType.Boolean, "text", "1 > 2", "\"false\"")]
    [InlineData(FieldType.Date, null, "date '2024-02-29'", "2024-02-29")]
    [InlineData(FieldType.DateTime, null, "timestamptz '2024-02-29 12:00:00+01'", "2024-02-29 11:00:00+00")]
    [InlineData(FieldType.DateTime, "text", "timestamptz '2024-02-29 12:00:00+01'", "\"2024-02-29 11:00:00+00\"")]
    [InlineData(FieldType.String, null, "''", "\"\"")]
    [InlineData(FieldType.String, "varchar(2)", "'abc'", "c max_length")]
    [InlineData(FieldType.String, "uuid", "'0190163D-8694-739B-AEA5-966C26F8AD91'", "0190163d-8694-739b-aea5-966c26f8ad91")]
    [InlineData(FieldType.Year, null, "'2024'", "2024")]
    [InlineData(FieldType.Time, null, "'12:30:00'", "12:30:00")]
    [InlineData(FieldType.Time, null, "'noon'", "c type_mismatch")]
    public void A_result_is_stored_as_the_field_stores_it(FieldType type, string? sqlType, string expression, string stored)
    {
        SqlType? column = sqlType switch
        {
            null => null,
            "numeric(10,2)" => new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 2),
            "numeric(3,1)" => new SqlType(SqlTypeName.Numeric, Precision: 3, Scale: 1),
            "numeric" => new SqlType(SqlTypeName.Numeric),
            "real" => new SqlType(SqlTypeName.Real),
            "smallint" => new SqlType(SqlTypeName.SmallInt),
            "varchar(2)" => new SqlType(SqlTypeName.Varchar, Length: 2),
            "uuid" => new SqlType(SqlTypeName.Uuid),
            _ => new SqlType(SqlTypeName.Text),
        };
        Computed computed = new([Computed.Field("a")], Computed.Derive("c", type, expression, column));

        Assert.Equal(stored.StartsWith("c ", StringComparison.Ordinal) ? [stored] : [$"\"x\" {stored}"], computed.Run("""{"a":"x"}"""));
    }

    [Fact]
    public void Constraints_are_looked_at_on_what_is_stored()
    {
        FieldDefinition[] fields =
        [
            Computed.Field("a", FieldType.Number) with { Constraints = new FieldConstraints { Minimum = "0", Maximum = "10" } },
            Computed.Field("b") with { Constraints = new FieldConstraints { Required = true } },
        ];
        Computed computed = new(fields, Computed.Replace("a", "a + 5"), Computed.Replace("b", "nullif(b, 'x')"));

        Assert.Equal(
            ["4 \"y\"", "a maximum", "b required", "b required"],
            computed.Run("""
                {"a":-1,"b":"y"}
                {"a":6,"b":"y"}
                {"a":1,"b":"x"}
                {"a":1}
                """));
    }

    [Fact]
    public void What_cannot_be_computed_rejects_the_record_and_tells_of_the_data_behind_it()
    {
        Computed computed = new(
            Trip,
            Computed.Derive("per_km", FieldType.Number, "fare / km"),
            Computed.Derive("twice", FieldType.Number, "per_km * 2"),
            Computed.Derive("sum", FieldType.Number, "1 / (twice - 10)"));

        Assert.Equal(
            ["9 2 null 4.5000000000000000 9.0000000000000000 -1.00000000000000000000", "per_km expression op 0 inputs 0,1: Division by zero."],
            computed.Run("{\"fare\":9,\"km\":2}\n{\"fare\":10,\"km\":0}\n"));
        Assert.StartsWith(
            "sum expression op 2 inputs 0,1: ", Assert.Single(computed.Run("{\"fare\":10,\"km\":2}\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_null_in_the_place_of_an_error_is_counted()
    {
        Computed computed = new(Trip, Computed.Derive("per_km", FieldType.Number, "fare / km") with { OnError = OnError.Null });

        Assert.Equal(["1 0 null null", "1 null null null"], computed.Run("{\"fare\":1,\"km\":0}\n{\"fare\":1}\n"));
        Assert.Equal("0 derive: 1, filtered 0", computed.Counts);
    }

    [Fact]
    public void A_filter_keeps_what_is_true_and_a_requirement_what_is_not_false()
    {
        Computed computed = new(
            Trip,
            new FilterOp { Expression = "fare > 0", Name = "paid" },
            new RequireOp { Expression = "km < 100", Code = "too_far", Message = "Too far." },
            new RequireOp { Expression = "who <> 'x'", Code = "nobody" },
            new FilterOp { Expression = "fare / km > 0" });

        Assert.Equal(
            [
                "1 1 \"a\"",
                "* too_far op 1 inputs 1: Too far.",
                "* nobody op 2 inputs 2: Does not hold: who <> 'x'",
                "* expression op 3 inputs 0,1: Division by zero.",
            ],
            computed.Run("""
                {"fare":1,"km":1,"who":"a"}
                {"fare":0,"km":1}
                {"km":1}
                {"fare":1,"km":100,"who":"a"}
                {"fare":1,"km":1,"who":"x"}
                {"fare":1,"km":0}
                {"fare":1}
                """));
        Assert.Equal("0 paid: 2, 3 filter: 1, filtered 3", computed.Counts);
    }

    [Fact]
    public void Every_condition_that_does_not_hold_is_told()
    {
        Computed computed = new(
            Trip,
            new RequireOp { Expression = "km < 100", Code = "too_far" },
            Computed.Derive("per_km", FieldType.Number, "fare / km"),
            new RequireOp { Expression = "per_km < 1", Code = "too_dear" },
            new FilterOp { Expression = "fare > 0", Name = "paid" },
            new RequireOp { Expression = "who <> 'x'", Code = "nobody" },
            Computed.Derive("share", FieldType.Number, "1 / (fare - 500)"),
            new RequireOp { Expression = "who <> 'x'", Code = "nobody_again" });

        Assert.Equal(
            [
                "* too_far op 0 inputs 1: Does not hold: km < 100; * too_dear op 2 inputs 0,1: Does not hold: per_km < 1; "
                    + "* nobody op 4 inputs 2: Does not hold: who <> 'x'; * nobody_again op 6 inputs 2: Does not hold: who <> 'x'",
                "* too_far op 0 inputs 1: Does not hold: km < 100",
                "* too_far op 0 inputs 1: Does not hold: km < 100; * too_dear op 2 inputs 0,1: Does not hold: per_km < 1; "
                    + "share expression op 5 inputs 0: Division by zero.",
            ],
            computed.Run("""
                {"fare":600,"km":100,"who":"x"}
                {"fare":0,"km":100,"who":"x"}
                {"fare":500,"km":100,"who":"a"}
                """));
        Assert.Equal("filtered 0", computed.Counts);
    }

    [Fact]
    public void Text_ops_come_first_and_what_they_leave_is_what_is_computed_with()
    {
        Computed computed = new(
            Trip,
            new TrimOp { Fields = ["*"] },
            new NullIfOp { Fields = ["km"], Values = ["-"] },
            new LowerOp { Fields = ["who"] },
            Computed.Derive("code", FieldType.String, "who || coalesce(cast(km as text), '?')"));

        Assert.Equal(["1 null \"ann\" \"ann?\""], computed.Run("""{"fare":" 1","km":" - ","who":"ANN "}"""));
    }

    [Fact]
    public void What_takes_personal_data_away_may_come_behind_what_has_read_it()
    {
        Computed computed = new(
            Trip,
            Computed.Derive("host", FieldType.String, "split_part(who, '@', 2)"),
            new MaskOp { Fields = ["who"], KeepFirst = 1, Pii = true },
            Computed.Derive("seen", FieldType.String, "who"));

        Assert.Equal(["null null \"a******\" \"b.org\" \"a******\""], computed.Run("""{"who":"a@b.org"}"""));
    }

    [Fact]
    public void The_job_and_the_number_of_the_record_can_be_used()
    {
        Computed computed = new(
            [Computed.Field("a")],
            Computed.Derive("job", FieldType.String, "job_id()"),
            Computed.Derive("source", FieldType.String, "source()"),
            Computed.Derive("at", FieldType.DateTime, "received_at()"),
            Computed.Derive("number", FieldType.Integer, "record()"));

        const string Job = "\"0190163d-8694-739b-aea5-966c26f8ad91\" \"acme\" 2026-01-31 12:30:00+00";
        Assert.Equal([$"\"x\" {Job} 1", $"\"y\" {Job} 2"], computed.Run("{\"a\":\"x\"}\n{\"a\":\"y\"}\n"));
    }

    [Fact]
    public void Ten_ops_allocate_nothing_for_ten_thousand_records()
    {
        TransformOp[] ops =
        [
            new TrimOp { Fields = ["*"] },
            new LowerOp { Fields = ["who"] },
            new MapOp { Fields = ["who"], Table = [new("uk", "gb")] },
            new NullIfOp { Fields = ["km"], Values = ["-"] },
            Computed.Derive("per_km", FieldType.Number, "fare / nullif(km, 0)", new SqlType(SqlTypeName.Numeric, Precision: 10, Scale: 2)),
            Computed.Derive("word", FieldType.String, "upper(who) || '-' || cast(fare as text)"),
            Computed.Derive("share", FieldType.Number, "1 / km") with { OnError = OnError.Null },
            new FilterOp { Expression = "fare > 0" },
            new RequireOp { Expression = "km < 50", Code = "too_far" },
            new HashOp { Fields = ["who"], Algorithm = HashKind.Sha256, Pii = true },
        ];
        const string Csv = "12.5, 3.25,UK\n7,-,\"A \"\"x\"\"\"\n0,1,x\n5,99,y\n3,0,z\n";
        const string Json = """
            {"fare":12.5,"km":"3.25","who":"UK"}
            {"fare":"7","km":"-","who":"\u0041 x"}
            {"fare":0,"km":1,"who":"x"}
            {"fare":5,"km":99}
            {"fare":5,"km":0}

            """;

        Assert.Equal(0, new Computed(Trip, isCsv: true, ops).Allocates(Times(Csv)));
        Assert.Equal(0, new Computed(Trip, isCsv: false, ops).Allocates(Times(Json)));

        static byte[] Times(string data) => System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(data, 2_000)));
    }
}
