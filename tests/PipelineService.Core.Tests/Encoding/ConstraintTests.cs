using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

/// <summary>
/// Each constraint of the standard with each type to which it applies, in each kind of column; and that it applies to no other.
/// Source: https://datapackage.org/standard/table-schema/#field-constraints.
/// </summary>
public sealed class ConstraintTests
{
    /// <summary>Three values of each type; where it has an order, ascending.</summary>
    private static readonly Dictionary<FieldType, string[]> Values = new()
    {
        [FieldType.String] = ["a", "bb", "ccc"],
        [FieldType.Number] = ["-1.5", "0.25", "3e2"],
        [FieldType.Integer] = ["-7", "0", "12"],
        [FieldType.Boolean] = ["true", "1", "false"],
        [FieldType.Date] = ["0001-01-01", "2024-02-29", "9999-12-31"],
        [FieldType.Time] = ["00:00:00", "12:30:00.000001", "23:59:59"],
        [FieldType.DateTime] = ["2024-02-29T00:00:00+02:00", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000001Z"],
        [FieldType.Object] = ["""{"a":1}""", """{"a":1,"b":2}""", """{"a":1,"b":2,"c":3}"""],
        [FieldType.Array] = ["[1]", "[1,2]", "[1,2,3]"],
        [FieldType.Year] = ["-0044", "2024", "12024"],
        [FieldType.YearMonth] = ["0001-01", "2024-02", "9999-12"],
        [FieldType.Duration] = ["PT1S", "P1D", "P1Y"],
        [FieldType.List] = ["a", "a,b", "a,b,c"],
        [FieldType.GeoPoint] = ["1,2", "3,4", "5,6"],
        [FieldType.GeoJson] =
        [
            """{"type":"Point","coordinates":[1,2]}""",
            """{"type":"Point","coordinates":[1,2],"a":1}""",
            """{"type":"Point","coordinates":[1,2],"a":1,"b":2}""",
        ],
        [FieldType.Any] = ["a", "bb", "ccc"],
    };

    private static readonly FieldType[] Ordered =
    [
        FieldType.Number, FieldType.Integer, FieldType.Date, FieldType.Time, FieldType.DateTime, FieldType.Year, FieldType.YearMonth,
        FieldType.Duration,
    ];

    /// <summary>GeoJSON is an object, and a list is one of items.</summary>
    private static readonly FieldType[] Collections =
        [FieldType.String, FieldType.Object, FieldType.Array, FieldType.List, FieldType.GeoJson];

    public static TheoryData<FieldType> Types => [.. Enum.GetValues<FieldType>()];

    [Theory, MemberData(nameof(Types))]
    public void Bounds_apply_to_what_has_an_order(FieldType type)
    {
        string[] values = Values[type];
        (string Code, Func<string, FieldConstraints> Of, bool[] Taken)[] bounds =
        [
            ("Minimum", bound => new() { Minimum = bound }, [false, true, true]),
            ("Maximum", bound => new() { Maximum = bound }, [true, true, false]),
            ("ExclusiveMinimum", bound => new() { ExclusiveMinimum = bound }, [false, false, true]),
            ("ExclusiveMaximum", bound => new() { ExclusiveMaximum = bound }, [true, false, false]),
        ];
        Assert.All(bounds, bound =>
        {
            if (Ordered.Contains(type))
            {
                AssertTaken(type, bound.Of(values[1]), bound.Taken, bound.Code);
            }
            else
            {
                AssertDoesNotApply(type, bound.Of(values[1]), bound.Code);
            }
        });
    }

    [Theory, MemberData(nameof(Types))]
    public void Lengths_apply_to_collections(FieldType type)
    {
        int middle = type == FieldType.GeoJson ? 3 : 2; // which has two members at least
        if (Collections.Contains(type))
        {
            AssertTaken(type, new() { MinLength = middle }, [false, true, true], "MinLength");
            AssertTaken(type, new() { MaxLength = middle }, [true, true, false], "MaxLength");
        }
        else
        {
            AssertDoesNotApply(type, new() { MinLength = 2 }, "MinLength");
            AssertDoesNotApply(type, new() { MaxLength = 2 }, "MaxLength");
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void A_pattern_applies_to_strings(FieldType type)
    {
        if (type == FieldType.String)
        {
            AssertTaken(type, new() { Pattern = "a|b" }, [true, false, false], "Pattern");
        }
        else
        {
            AssertDoesNotApply(type, new() { Pattern = "." }, "Pattern");
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void An_enum_applies_to_all(FieldType type)
    {
        string[] values = Values[type];
        AssertTaken(type, new() { Enum = [values[0], values[1]] }, [true, true, false], "Enum");
        AssertTaken(type, new() { Enum = [values[2]] }, [false, false, true], "Enum");
    }

    [Theory, MemberData(nameof(Types))]
    public void Required_applies_to_all(FieldType type)
    {
        FieldDefinition field = Encoded.Field(type, constraints: new() { Required = true });
        RowBuffer rows = new(initialBytes: 0);

        Assert.Equal("Required", new ColumnPlan(field, 0, ["-"]).Encode("-"u8, rows).ToString());
        Assert.Equal("Required", new ColumnPlan(field, 0, ["-"]).EncodeMissing(rows).ToString());
        AssertTaken(type, field.Constraints, [true, true, true], "");
    }

    [Theory]
    [InlineData(FieldType.String, "bb")]
    [InlineData(FieldType.Integer, "0")]
    public void Categories_are_the_only_values_unless_an_enum_takes_fewer_of_them(FieldType type, string second)
    {
        string first = Values[type][0];
        FieldDefinition field = Encoded.Field(type) with { Categories = [first, new(second, "second")] };

        Assert.Equal(["None", "None", "Enum"], Codes(field));
        Assert.Equal(["Enum", "None", "Enum"], Codes(field with { Constraints = new() { Enum = [second] } }));
    }

    [Fact]
    public void Of_two_bounds_at_one_end_the_one_that_leaves_fewer_values_counts()
    {
        Assert.Equal("Minimum", Code(new() { Minimum = "5", ExclusiveMinimum = "3" }, "4"));
        Assert.Equal("ExclusiveMinimum", Code(new() { Minimum = "5", ExclusiveMinimum = "5" }, "5"));
        Assert.Equal("ExclusiveMinimum", Code(new() { Minimum = "5", ExclusiveMinimum = "7" }, "7"));
        Assert.Equal("ExclusiveMaximum", Code(new() { Maximum = "5", ExclusiveMaximum = "5" }, "5"));
        Assert.Equal("Maximum", Code(new() { Maximum = "4", ExclusiveMaximum = "5" }, "5"));

        static string Code(FieldConstraints constraints, string text) =>
            Encoded.Text(Encoded.Field(FieldType.Integer, constraints: constraints), text).Code.ToString();
    }

    [Theory]
    [InlineData("5", null, null, "5", "minimum is equal to exclusiveMaximum.")]
    [InlineData(null, "5", "5", null, "exclusiveMinimum is equal to maximum.")]
    [InlineData(null, "6", null, "5", "exclusiveMinimum is greater than exclusiveMaximum.")]
    public void Bounds_between_which_nothing_lies_are_a_fault(
        string? minimum, string? above, string? maximum, string? below, string sentence)
    {
        FieldConstraints constraints = new()
        {
            Minimum = minimum,
            ExclusiveMinimum = above,
            Maximum = maximum,
            ExclusiveMaximum = below,
        };
        Assert.All([FieldType.Integer, FieldType.Number], type =>
        {
            Assert.False(FieldEncoders.TryValidate(Encoded.Field(type, constraints: constraints), out string? fault));
            Assert.Equal(sentence, fault);
        });
    }

    [Theory]
    [InlineData(SqlTypeName.DoublePrecision)]
    [InlineData(SqlTypeName.Real)]
    [InlineData(SqlTypeName.Numeric)]
    public void NaN_is_within_no_bounds(SqlTypeName column)
    {
        Assert.Equal("ExclusiveMinimum", Code(new() { ExclusiveMinimum = "0" }));
        Assert.Equal("ExclusiveMaximum", Code(new() { ExclusiveMaximum = "0" }));

        string Code(FieldConstraints constraints) =>
            Encoded.Text(Encoded.Field(FieldType.Number, column, constraints), "NaN").Code.ToString();
    }

    [Fact]
    public void Bounds_may_be_written_with_the_fields_own_marks()
    {
        FieldDefinition field = Encoded.Field(FieldType.Number, constraints: new() { ExclusiveMinimum = "1.000,5", ExclusiveMaximum = "2000" }) with
        {
            DecimalChar = ",",
            GroupChar = ".",
        };

        Assert.Equal("ExclusiveMinimum", Encoded.Text(field, "1000,5").Code.ToString());
        Assert.Equal("None", Encoded.Text(field, "1.000,6").Code.ToString());
        Assert.Equal("ExclusiveMaximum", Encoded.Text(field, "2.000").Code.ToString());
    }

    /// <summary>In the column of the type itself, and in one of text, where values are checked and stored as written.</summary>
    private static void AssertTaken(FieldType type, FieldConstraints constraints, bool[] taken, string code)
    {
        string[] expected = [.. taken.Select(isTaken => isTaken ? "None" : code)];
        Assert.Equal(expected, Codes(Encoded.Field(type, constraints: constraints)));
        Assert.Equal(expected, Codes(Encoded.Field(type, SqlTypeName.Text, constraints)));
    }

    private static void AssertDoesNotApply(FieldType type, FieldConstraints constraints, string name)
    {
        Assert.False(FieldEncoders.TryValidate(Encoded.Field(type, constraints: constraints), out string? fault));
        Assert.Equal($"{char.ToLowerInvariant(name[0])}{name[1..]} does not apply to a field of type {type.ToString().ToLowerInvariant()}.", fault);
    }

    private static ImmutableArray<string> Codes(FieldDefinition field) =>
        [.. Values[field.Type].Select(text => Encoded.Text(field, text).Code.ToString())];
}
