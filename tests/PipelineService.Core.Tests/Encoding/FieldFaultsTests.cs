using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

public sealed class FieldFaultsTests
{
    [Fact]
    public void One_fault_does_not_hide_the_next()
    {
        FieldDefinition field = Encoded.Field(FieldType.Integer, constraints: new()
        {
            Minimum = "x",
            Maximum = "1.5",
            ExclusiveMaximum = "",
            MinLength = 1,
            Pattern = ".",
            Enum = ["1", "two", "3", "four"],
        });

        Assert.Equal(
            ["Minimum", "Maximum", "ExclusiveMaximum", "MinLength", "Pattern", "Enum[1]", "Enum[3]"],
            FieldFaults.Of(field).Select(f => f.Place?.Split('.')[^1] + (f.Member is int member ? $"[{member}]" : "")));
        Assert.All(FieldFaults.Of(field), fault => Assert.EndsWith(".", fault.Sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void What_several_constraints_do_together_is_the_fault_of_none()
    {
        FieldDefinition field = Encoded.Field(FieldType.Integer, constraints: new() { Minimum = "2", Maximum = "1" });

        Assert.Equal([new FieldFault(null, null, "minimum is greater than maximum.")], FieldFaults.Of(field));
    }

    [Fact]
    public void Without_a_column_for_its_type_a_field_has_that_fault_alone()
    {
        FieldDefinition field = Encoded.Field(
            FieldType.Date, new SqlType(SqlTypeName.Uuid), new() { Minimum = "x", Maximum = "y" });

        Assert.Equal([new FieldFault(null, null, "A field of type date cannot go to a column of type uuid.")], FieldFaults.Of(field));
    }

    [Fact]
    public void A_field_that_can_be_compiled_has_none() =>
        Assert.Empty(FieldFaults.Of(Encoded.Field(FieldType.Integer, constraints: new() { Minimum = "1", Enum = ["1", "2"] })));

    [Fact]
    public void Members_of_an_enum_are_among_the_categories()
    {
        FieldDefinition field = Encoded.Field(FieldType.Integer, constraints: new() { Enum = ["3", "2.0", "5"] });

        FieldFault[] faults = [.. FieldFaults.Of(field with { Categories = ["1", "2", new("3", "three")] })];

        Assert.Equal([new("Constraints.Enum", 2, "enum \"5\" is not among the categories.")], faults);
    }

    [Fact]
    public void Categories_are_values_of_the_field()
    {
        FieldDefinition field = Encoded.Field(FieldType.Integer) with { Categories = ["1", "two", "3"] };

        Assert.Equal(("Categories", 1), Assert.Single(FieldFaults.Of(field)) is var fault ? (fault.Place, fault.Member) : default);
    }

    [Theory]
    [InlineData("(a", "pattern cannot be read at character 3: insufficient closing parentheses.")]
    [InlineData("\\w{5000}", "pattern cannot be used: look-around, back references and the like are not taken")]
    [InlineData("(?=a)", "pattern cannot be used: look-around, back references and the like are not taken")]
    public void Patterns_are_told_of_in_words_for_those_who_write_them(string pattern, string sentence) =>
        Assert.StartsWith(
            sentence,
            Assert.Single(FieldFaults.Of(Encoded.Field(FieldType.String, constraints: new() { Pattern = pattern }))).Sentence,
            StringComparison.Ordinal);
}
