using CsCheck;
using PipelineService.Core.Parsing.Csv;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class FormulaGuardTests
{
    private static readonly Gen<string> Values = Gen.OneOf<string>("'", "'", "=", "+", "-", "@", "\t", "\r", "\n", "1", ",", "a", "é")
        .Array[0, 6].Select(string.Concat);

    [Theory]
    [InlineData("=1+1")]
    [InlineData("+49 30 1234")]
    [InlineData("+4930123")]
    [InlineData("-1+2")]
    [InlineData("-")]
    [InlineData("- likes tea")]
    [InlineData("@ada")]
    [InlineData("\t=1")]
    [InlineData("\r=1")]
    [InlineData("\n=1")]
    [InlineData("'=1")]
    [InlineData("''+1")]
    [InlineData("'-3")]
    public void Guards_what_a_spreadsheet_would_run_and_what_looks_guarded(string value)
    {
        Assert.True(Needs(value));
        Assert.Equal(value, Undone("'" + value));
    }

    [Theory]
    [InlineData("")]
    [InlineData("'")]
    [InlineData("''")]
    [InlineData("Ada")]
    [InlineData("'tis")]
    [InlineData("a=1")]
    [InlineData(" =1")]
    [InlineData("1")]
    [InlineData("-3")]
    [InlineData("-1.234,56")]
    public void Leaves_everything_else_alone_in_both_directions(string value)
    {
        Assert.False(Needs(value));
        Assert.Equal(value, Undone(value));
    }

    [Fact]
    public void Gives_every_value_back() =>
        Values.Sample(value => Undone(Needs(value) ? "'" + value : value) == value, iter: 100_000);

    private static bool Needs(string value) => FormulaGuard.Needs(Text.UTF8.GetBytes(value));

    private static string Undone(string cell) => Text.UTF8.GetString(FormulaGuard.Undo(Text.UTF8.GetBytes(cell)));
}
