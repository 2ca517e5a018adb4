using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Encoding;

public sealed class ColumnPlanTests
{
    [Theory]
    [InlineData("", "FFFFFFFF")]
    [InlineData("n/a", "FFFFFFFF")]
    [InlineData("7", "000000080000000000000007")]
    public void Missing_values_are_null(string text, string hex)
    {
        var rows = new RowBuffer();
        rows.BeginRow(1);
        Assert.Equal(RecordErrorCode.None, Plan(isRequired: false).Encode(System.Text.Encoding.UTF8.GetBytes(text), rows));
        rows.EndRow(1, 1, 0, 0);
        Assert.Equal("0001" + hex, Convert.ToHexString(rows.RowBytes(0, 1).Span));
    }

    [Fact]
    public void A_required_value_must_not_be_missing()
    {
        ColumnPlan plan = Plan(isRequired: true);
        var rows = new RowBuffer();
        rows.BeginRow(1);
        Assert.Equal(RecordErrorCode.Required, plan.Encode("n/a"u8, rows));
        Assert.Equal(RecordErrorCode.Required, plan.EncodeMissing(rows));
        Assert.Equal(RecordErrorCode.TypeMismatch, plan.Encode("N/A"u8, rows));
    }

    private static ColumnPlan Plan(bool isRequired) =>
        new(Encoded.Field(FieldType.Integer, constraints: new() { Required = isRequired }), index: 0, ["", "n/a"]);
}
