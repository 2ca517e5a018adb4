using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using Xunit;

namespace PipelineService.Core.Tests.Parsing;

public sealed class HeaderBindingTests
{
    [Theory]
    [InlineData(null, "a,b,c", "0,1,2")]
    [InlineData(null, "c,a,b", "1,2,0")]
    [InlineData(FieldsMatch.Equal, "b,c,a", "2,0,1")]
    [InlineData(FieldsMatch.Exact, "a,b,c", "0,1,2")]
    [InlineData(FieldsMatch.Subset, "x,c,b,a,x", "3,2,1")]
    [InlineData(FieldsMatch.Superset, "c,a", "1,-1,0")]
    [InlineData(FieldsMatch.Partial, "x,b", "-1,1,-1")]
    public void Matches_names_as_the_schema_says(FieldsMatch? match, string header, string fieldOfColumn)
    {
        var binding = HeaderBinding.ByName([.. header.Split(',')], SchemaOf(match), out string? error);

        Assert.Null(error);
        Assert.Equal(fieldOfColumn, string.Join(',', binding!.FieldOfColumn));
        Assert.Equal(header.Split(',').Length, binding.FieldCount);
    }

    [Theory]
    [InlineData(null, "a,b", "(fieldsMatch: equal): missing \"c\".")]
    [InlineData(null, "a,b,C,", "(fieldsMatch: equal): missing \"c\"; unknown \"C\", \"\".")]
    [InlineData(null, "a,b,c,b", "(fieldsMatch: equal): more than once \"b\".")]
    [InlineData(null, "a;b;c", "(fieldsMatch: equal): missing \"a\", \"b\", \"c\"; unknown \"a;b;c\".")]
    [InlineData(FieldsMatch.Exact, "a,c,b", "(fieldsMatch: exact): the order must be \"a\", \"b\", \"c\".")]
    [InlineData(FieldsMatch.Subset, "x,a,a", "(fieldsMatch: subset): missing \"b\", \"c\"; more than once \"a\".")]
    [InlineData(FieldsMatch.Superset, "a,x", "(fieldsMatch: superset): unknown \"x\".")]
    [InlineData(FieldsMatch.Partial, "x,y", "(fieldsMatch: partial): none of the schema's fields \"a\", \"b\", \"c\".")]
    public void Says_what_does_not_match(FieldsMatch? match, string header, string expected)
    {
        Assert.Null(HeaderBinding.ByName([.. header.Split(',')], SchemaOf(match), out string? error));

        Assert.Equal($"The header does not match the schema {expected}", error);
    }

    [Fact]
    public void Shows_what_cannot_be_seen_and_cuts_what_is_long()
    {
        Assert.Null(HeaderBinding.ByName(
            ["\uFEFFa", "b\u200B", "c\n\0", new string('x', 900_000)], SchemaOf(null), out string? error));

        Assert.Equal(
            "The header does not match the schema (fieldsMatch: equal): missing \"a\", \"b\", \"c\"; unknown "
            + $"\"\\uFEFFa\", \"b\\u200B\", \"c\\u000A\\u0000\", \"{new string('x', 100)}…\".",
            error);
    }

    [Fact]
    public void Looks_for_the_source_name_and_lets_two_columns_read_one_field()
    {
        TableSchema schema = new()
        {
            Fields = [new() { Name = "id", Source = "Kunden-Nr" }, new() { Name = "id_text", Source = "Kunden-Nr" }],
        };

        var binding = HeaderBinding.ByName(["Kunden-Nr"], schema, out _);

        Assert.Equal([0, 0], binding!.FieldOfColumn);
        Assert.False(binding.SkipBlankLines);
    }

    [Fact]
    public void Without_names_fields_go_by_position()
    {
        var binding = HeaderBinding.ByPosition(SchemaOf(match: null));

        Assert.Equal([0, 1, 2], binding.FieldOfColumn);
        Assert.Equal(3, binding.FieldCount);
        Assert.True(binding.SkipBlankLines);
    }

    private static TableSchema SchemaOf(FieldsMatch? match) => new()
    {
        Fields = [new() { Name = "a" }, new() { Name = "b" }, new() { Name = "c" }],
        FieldsMatch = match,
    };
}
