using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms;

/// <summary>
/// The five ways of <c>fieldsMatch</c>, with data in every shape, in each form. The schema has the fields a, b and c.
/// Source: https://datapackage.org/standard/table-schema/#fieldsMatch.
/// </summary>
public sealed class FieldsMatchTests
{
    /// <summary>Names in the data → the row, or why there is none, per way and form.</summary>
    [Theory]
    [InlineData(FieldsMatch.Exact, "a,b,c", "1|2|3", "1|2|3")]
    [InlineData(FieldsMatch.Exact, "c,a,b", "the order must be \"a\", \"b\", \"c\"", "2|3|1")]
    [InlineData(FieldsMatch.Exact, "a,b", "missing \"c\"", "1|2|~")]
    [InlineData(FieldsMatch.Exact, "a,b,c,x", "unknown \"x\"", "* TooManyFields \"x\":\"4\"")]
    [InlineData(FieldsMatch.Equal, "a,b,c", "1|2|3", "1|2|3")]
    [InlineData(FieldsMatch.Equal, "c,a,b", "2|3|1", "2|3|1")]
    [InlineData(FieldsMatch.Equal, "a,b", "missing \"c\"", "1|2|~")]
    [InlineData(FieldsMatch.Equal, "a,b,c,x", "unknown \"x\"", "* TooManyFields \"x\":\"4\"")]
    [InlineData(FieldsMatch.Subset, "x,c,a,b", "3|4|2", "3|4|2")]
    [InlineData(FieldsMatch.Subset, "a,b", "missing \"c\"", "1|2|~")]
    [InlineData(FieldsMatch.Superset, "b,a", "2|1", "2|1|~")]
    [InlineData(FieldsMatch.Superset, "a,x", "unknown \"x\"", "* TooManyFields \"x\":\"2\"")]
    [InlineData(FieldsMatch.Superset, "x", "unknown \"x\"; none of the schema's fields \"a\", \"b\", \"c\"", "* TooManyFields \"x\":\"1\"")]
    [InlineData(FieldsMatch.Partial, "x,b", "2", "~|2|~")]
    [InlineData(FieldsMatch.Partial, "x,y", "none of the schema's fields \"a\", \"b\", \"c\"", "* TooFewFields")]
    public void Data_matches_as_the_standard_says(FieldsMatch match, string names, string csv, string json)
    {
        Assert.Equal(csv, ReadCsv(match, names));
        Assert.Equal(csv, ReadArrays(match, names));
        Assert.Equal(json, ReadJson(match, names));
    }

    /// <summary>Without names there is but one way: field by field, as many as the schema has.</summary>
    [Theory]
    [InlineData("1,2,3", "1|2|3")]
    [InlineData("1,2", "* TooFewFields")]
    [InlineData("1,2,3,4", "* TooManyFields")]
    public void Data_without_names_goes_by_position(string line, string row) =>
        Assert.Equal(row, Show(PlanOf(FieldsMatch.Exact), HeaderBinding.ByPosition, line));

    private static string ReadCsv(FieldsMatch match, string header)
    {
        RowPlan plan = PlanOf(match);
        ImmutableArray<string> names = [.. header.Split(',')];
        string? error = null;
        string line = string.Join(',', Enumerable.Range(1, names.Length));
        return HeaderBinding.ByName(names, plan.Definition.Schema, out error) is { } binding
            ? Show(plan, _ => binding, line)
            : error![(error!.IndexOf("): ", StringComparison.Ordinal) + 3)..^1];
    }

    private static string ReadArrays(FieldsMatch match, string header)
    {
        RowPlan plan = PlanOf(match);
        ImmutableArray<string> names = [.. header.Split(',')];
        string? error = null;
        string line = $"[{string.Join(',', Enumerable.Range(1, names.Length).Select(value => $"\"{value}\""))}]";
        return HeaderBinding.ByName(names, plan.Definition.Schema, out error) is { } binding
            ? Show(plan, _ => binding, line, found => new JsonArrayRecordReader(found, RaggedRows.None))
            : error![(error!.IndexOf("): ", StringComparison.Ordinal) + 3)..^1];
    }

    private static string ReadJson(FieldsMatch match, string names)
    {
        RowPlan plan = PlanOf(match);
        string members = string.Join(',', names.Split(',').Select((name, index) => $"\"{name}\":\"{index + 1}\""));
        return Shown(new Transforming(new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)), $"{{{members}}}"));
    }

    private static string Show(
        RowPlan plan, Func<TableSchema, HeaderBinding> bind, string line, Func<HeaderBinding, RecordReader>? reader = null)
    {
        HeaderBinding binding = bind(plan.Definition.Schema);
        HashSet<int> absent = [.. Enumerable.Range(0, 3).Where(column => binding.FieldOfColumn[column] < 0)];
        return Shown(new Transforming(
            new ChunkTransform(
                plan.Without(absent),
                reader?.Invoke(binding) ?? new CsvRecordReader(binding, CsvDialect.Default, 1_000),
                new JobFacts(Guid.Empty)),
            line));
    }

    private static string Shown(Transforming result) => result.Rows is [string row]
        ? row[(row.IndexOf(' ', StringComparison.Ordinal) + 1)..]
        : result.Rejects[0][(result.Rejects[0].IndexOf("-> ", StringComparison.Ordinal) + 3)..];

    private static RowPlan PlanOf(FieldsMatch match) => Transforming.PlanOf("a,b,c", match);
}
