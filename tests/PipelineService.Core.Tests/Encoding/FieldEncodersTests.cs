using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

public sealed class FieldEncodersTests
{
    [Fact]
    public void Every_allowed_pair_has_an_encoder_and_no_other()
    {
        foreach (FieldType type in Enum.GetValues<FieldType>())
        {
            foreach (SqlTypeName column in Enum.GetValues<SqlTypeName>())
            {
                SqlType columnType = new(column, Element: column == SqlTypeName.Array ? new(SqlTypeName.Text) : null);
                foreach (string format in FieldFormats.Of(type))
                {
                    FieldDefinition field = Encoded.Field(type, columnType) with { Format = format };
                    bool isValid = FieldEncoders.TryValidate(field, out string? fault);
                    Assert.True(isValid == FieldEncoders.IsAllowed(field, columnType), $"{type} {format} to {column}: {fault}");
                }
            }

            FieldDefinition bare = Encoded.Field(type);
            Assert.True(FieldEncoders.IsAllowed(bare, bare.DefaultColumnType));
            Assert.True(FieldEncoders.IsAllowed(bare, new(SqlTypeName.Text)));
            Assert.Equal(SqlType.DefaultOf(type), bare.DefaultColumnType);
        }
    }

    [Theory]
    [InlineData(FieldType.Integer, "12", "13", "11", "14")]
    [InlineData(FieldType.Number, "1.5", "1.50e1", "1.499", "15.001")]
    [InlineData(FieldType.Date, "2024-01-01", "2024-12-31", "2023-12-31", "2025-01-01")]
    [InlineData(FieldType.Time, "08:00:00", "17:00:00", "07:59:59.999999", "17:00:00.000001")]
    [InlineData(FieldType.Year, "2000", "2024", "1999", "2025")]
    [InlineData(FieldType.YearMonth, "2023-02", "2024-01", "2023-01", "2024-02")]
    [InlineData(FieldType.Duration, "P1D", "P1M", "PT23H", "P31D")]
    [InlineData(FieldType.DateTime, "2024-01-01T00:00:00Z", "2024-01-01T00:00:00-01:00", "2023-12-31T23:59:59Z", "2024-01-01T01:00:01Z")]
    public void Bounds_are_inclusive(FieldType type, string minimum, string maximum, string below, string above)
    {
        FieldDefinition field = Encoded.Field(type, constraints: new() { Minimum = minimum, Maximum = maximum });
        Assert.Equal("None", Encoded.Text(field, minimum).Code.ToString());
        Assert.Equal("None", Encoded.Text(field, maximum).Code.ToString());
        Assert.Equal("Minimum", Encoded.Text(field, below).Hex);
        Assert.Equal("Maximum", Encoded.Text(field, above).Hex);

        FieldDefinition text = field with { SqlType = new(SqlTypeName.Text) };
        Assert.Equal(minimum, System.Text.Encoding.UTF8.GetString(Encoded.Text(text, minimum).Bytes));
        Assert.Equal("Minimum", Encoded.Text(text, below).Hex);

        FieldDefinition members = Encoded.Field(type, constraints: new() { Enum = [minimum, maximum] });
        Assert.Equal("None", Encoded.Text(members, maximum).Code.ToString());
        Assert.Equal("Enum", Encoded.Text(members, below).Hex);
    }

    [Fact]
    public void Faults_of_a_field_are_sentences()
    {
        Assert.Equal(
            "minimum \"ten\" is not a value of type integer that fits bigint.",
            FaultOf(FieldType.Integer, new() { Minimum = "ten" }));
        Assert.Equal(
            "maximum \"40000\" is not a value of type integer that fits smallint.",
            FaultOf(FieldType.Integer, new() { Maximum = "40000" }, SqlTypeName.SmallInt));
        Assert.Equal(
            "enum \"2024-02-30\" is not a value of type date that fits date.",
            FaultOf(FieldType.Date, new() { Enum = ["2024-02-29", "2024-02-30"] }));
        Assert.Equal("minimum is greater than maximum.", FaultOf(FieldType.Number, new() { Minimum = "2", Maximum = "1.5" }));
        Assert.Equal("minimum is greater than maximum.", FaultOf(FieldType.Integer, new() { Minimum = "2", Maximum = "1" }));
        Assert.Equal("minimum does not apply to a field of type string.", FaultOf(FieldType.String, new() { Minimum = "1" }));
        Assert.Equal("minLength does not apply to a field of type integer.", FaultOf(FieldType.Integer, new() { MinLength = 1 }));
        Assert.Equal("minLength must be at least 0.", FaultOf(FieldType.String, new() { MinLength = -1 }));
        Assert.Equal("minLength is greater than maxLength.", FaultOf(FieldType.Array, new() { MinLength = 2, MaxLength = 1 }));
        Assert.Equal("pattern does not apply to a field of type date.", FaultOf(FieldType.Date, new() { Pattern = "." }));
        Assert.Equal("A field of type date cannot go to a column of type uuid.", FaultOf(FieldType.Date, new(), SqlTypeName.Uuid));
        Assert.All(
            ["(", "a)|(b", @"(a)\1", "(?=a)", new string('a', 2_000)],
            pattern => Assert.StartsWith("pattern ", FaultOf(FieldType.String, new() { Pattern = pattern }), StringComparison.Ordinal));
    }

    [Fact]
    public void Faults_of_marks_and_truth_values_are_sentences()
    {
        FieldDefinition number = Encoded.Field(FieldType.Number);
        FieldDefinition boolean = Encoded.Field(FieldType.Boolean);
        ImmutableArray<FieldDefinition> faulty =
        [
            number with { DecimalChar = "" }, number with { GroupChar = "." }, number with { GroupChar = "1" },
            number with { DecimalChar = "-" }, boolean with { TrueValues = ["0"] }, boolean with { FalseValues = [] },
        ];
        Assert.All(faulty, field => Assert.False(FieldEncoders.TryValidate(field, out _)));
        _ = Assert.ThrowsAny<FormatException>(() => FieldEncoders.Create(faulty[0]));
    }

    private static string? FaultOf(FieldType type, FieldConstraints constraints, SqlTypeName? column = null)
    {
        FieldDefinition field = Encoded.Field(type, column is SqlTypeName name ? new SqlType(name) : null, constraints);
        Assert.False(FieldEncoders.TryValidate(field, out string? fault));
        return fault;
    }
}
