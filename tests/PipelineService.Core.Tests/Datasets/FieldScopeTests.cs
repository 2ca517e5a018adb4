using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Datasets;

public sealed class FieldScopeTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "abc", true)]
    [InlineData("addr_*", "addr_", true)]
    [InlineData("addr_*", "addr", false)]
    [InlineData("*_id", "a_id_id", true)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "a--b--c", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("a*ba", "aba", true)]
    [InlineData("ab*ba", "aba", false)]
    [InlineData("a**c", "abc", true)]
    [InlineData("A*", "abc", false)]
    public void Matches(string pattern, string name, bool expected) => Assert.Equal(expected, FieldScope.Matches(pattern, name));

    [Fact]
    public void Patterns_take_what_suits_the_op_and_names_take_all()
    {
        FieldScope scope = new(new TableSchema
        {
            Fields =
            [
                new() { Name = "a_1", Type = FieldType.String },
                new() { Name = "a_2", Type = FieldType.Date },
                new() { Name = "a_*" },
                new() { Name = "b" },
            ],
        });
        scope.AddSetsOf(new SplitOp { Sets = [new("a_3"), new("b")] }, 0);

        Assert.Equal([0, 2, 4], scope.FieldsOf(new LowerOp { Fields = ["a*"] }));
        Assert.Equal([0, 1, 2, 4], scope.FieldsOf(new TrimOp { Fields = ["a*"] }));
        Assert.Equal([1, 3, 0, 2, 4], scope.FieldsOf(new LowerOp { Fields = ["a_2", "*b", "*", "zz"] }));
        Assert.Equal([2], scope.FieldsOf(new LowerOp { Fields = ["a_*"] }));
        Assert.Equal([(-1, 0), (-1, 1), (-1, 2), (-1, 3), (0, 0)], scope.Places.Select(p => (p.Op, p.Index)));
    }
}
