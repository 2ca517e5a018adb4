using System.Text;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

public sealed class DefinitionBodyTests
{
    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{ 'a': 1, 'a': 2 }")]
    [InlineData("{ 'a': { 'b': 1, '\\u0062': 2 } }")]
    [InlineData("{ 'a': '\\ud800' }")]
    [InlineData("{ '\\udc00': 1 }")]
    [InlineData("{ /* comment */ }")]
    public void Refuses_json_that_can_be_read_in_two_ways(string json) =>
        Assert.Equal("malformed_json", DefinitionBody.Parse(DefinitionText.Bytes(json)).Problem?.Code);

    [Fact]
    public void Refuses_invalid_utf8() =>
        Assert.Equal("malformed_json", DefinitionBody.Parse((byte[])[(byte)'"', 0xFF, (byte)'"']).Problem?.Code);

    [Fact]
    public void Refuses_what_is_nested_too_deeply() =>
        Assert.Equal("malformed_json", DefinitionBody.Parse(Encoding.UTF8.GetBytes(new string('[', 5_000))).Problem?.Code);

    [Fact]
    public void Takes_json()
    {
        (System.Text.Json.JsonDocument? json, PipelineService.Hosting.Http.Problem? problem) =
            DefinitionBody.Parse(DefinitionText.Bytes("{ 'a': '😀' }"));
        using (json)
        {
            Assert.Null(problem);
            Assert.NotNull(json);
        }
    }
}
