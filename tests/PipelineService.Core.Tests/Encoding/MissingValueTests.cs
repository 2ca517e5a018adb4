using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

/// <summary>Which texts stand for no value. Source: https://datapackage.org/standard/table-schema/#missingValues.</summary>
public sealed class MissingValueTests
{
    private static readonly FieldDefinition Field = new() { Name = "a", Type = FieldType.Integer };

    [Fact]
    public void A_fields_own_take_the_place_of_the_schemas()
    {
        Assert.Equal("No,No,Yes", Read(Field, "", "NA", "5"));
        Assert.Equal("TypeMismatch,TypeMismatch,No", Read(Field with { MissingValues = [new("-99", "refused")] }, "", "NA", "-99"));
        Assert.Equal("TypeMismatch,TypeMismatch,Yes", Read(Field with { MissingValues = [] }, "", "NA", "-99"));
    }

    /// <summary>The conversion comes before any other: a missing value need not be one of the type, nor fulfil its constraints.</summary>
    [Fact]
    public void A_missing_value_breaks_no_rule_but_required()
    {
        FieldDefinition bounded = Field with { MissingValues = ["-99"], Constraints = new() { Minimum = "0", Enum = ["1"] } };

        Assert.Equal("No,Minimum", Read(bounded, "-99", "-98"));
        Assert.Equal("Required", Read(bounded with { Constraints = new() { Required = true } }, "-99"));
    }

    private static string Read(FieldDefinition field, params string[] texts)
    {
        RowPlan plan = new(new DatasetDefinition
        {
            Schema = new TableSchema { Fields = [field], MissingValues = ["", "NA"] },
            Load = new LoadPolicy { Table = new TableName("public", "t") },
        });
        return string.Join(',', texts.Select(text =>
        {
            RowBuffer rows = new(initialBytes: 0);
            int start = rows.Length;
            RecordErrorCode code = plan.Columns[0].Encode(System.Text.Encoding.UTF8.GetBytes(text), rows);
            return code != RecordErrorCode.None ? $"{code}" : rows.Written(start)[0] == byte.MaxValue ? "No" : "Yes";
        }));
    }
}
