using CsCheck;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Tests.Encoding.Json;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Json;

public sealed class JsonLineShapeTests
{
    [Theory]
    [InlineData("[", JsonLineShape.Array)]
    [InlineData(" [{\"a\":1}]", JsonLineShape.Array)]
    [InlineData("[]", JsonLineShape.Array)]
    [InlineData("[[1],[2]]", JsonLineShape.Array)]
    [InlineData("[1,{}],", JsonLineShape.Array)]
    [InlineData("[ \"a\", {}]\r", JsonLineShape.ValuesForObject)]
    [InlineData("]\r", JsonLineShape.Array)]
    [InlineData("{\"a\":[1,{}]} ,", JsonLineShape.Array)]
    [InlineData("{\"a\":1}]", JsonLineShape.Array)]
    [InlineData("{", JsonLineShape.Fragment)]
    [InlineData("  \"a\": 1,", JsonLineShape.Fragment)]
    [InlineData("},", JsonLineShape.Fragment)]
    [InlineData("{\"a\":{\"b\":1", JsonLineShape.Fragment)]
    [InlineData("{\"a\":1}{\"a\":2}", JsonLineShape.Objects)]
    [InlineData("{} {}", JsonLineShape.Objects)]
    [InlineData("{'a': 1}", JsonLineShape.Apostrophes)]
    [InlineData("a,b", JsonLineShape.Other)]
    [InlineData("1", JsonLineShape.Other)]
    [InlineData("", JsonLineShape.Other)]
    [InlineData("{\"a\":NaN}", JsonLineShape.NotFinite)]
    [InlineData("{\"a\":[1,-Infinity]}", JsonLineShape.NotFinite)]
    [InlineData("{\"a\":nan, \"b\":None}", JsonLineShape.NotFinite)]
    [InlineData("{\"a\": None}", JsonLineShape.ForeignWord)]
    [InlineData("{\"a\":True,\"b\":1}", JsonLineShape.ForeignWord)]
    [InlineData("{\"a\":NULL}", JsonLineShape.ForeignWord)]
    [InlineData("{\"a\":undefined}", JsonLineShape.ForeignWord)]
    [InlineData("{\"NaN \\\" None\":1,}", JsonLineShape.Object)]
    [InlineData("{\"a\":banana}", JsonLineShape.Object)]
    [InlineData("{\"a\":\"NaN}", JsonLineShape.Object)]
    [InlineData("{\"a\":1} // comment }", JsonLineShape.Object)]
    [InlineData("{\"a\":1,}", JsonLineShape.Object)]
    public void Tells_the_mistakes_apart(string line, JsonLineShape shape) =>
        Assert.Equal(shape, JsonLineShapes.Of(Text.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("[", JsonLineShape.ArrayPart)]
    [InlineData("]\r", JsonLineShape.ArrayPart)]
    [InlineData(" [1, 2", JsonLineShape.ArrayPart)]
    [InlineData("[1, 2],", JsonLineShape.ArrayPart)]
    [InlineData("  \"a\",", JsonLineShape.ArrayPart)]
    [InlineData("[tru]", JsonLineShape.BrokenArray)]
    [InlineData("[1][2]", JsonLineShape.BrokenArray)]
    [InlineData("{\"a\":1}", JsonLineShape.ObjectForArray)]
    [InlineData("a,b", JsonLineShape.OtherForArray)]
    [InlineData("", JsonLineShape.OtherForArray)]
    public void Tells_the_mistakes_of_arrays_apart(string line, JsonLineShape shape)
    {
        Assert.Equal(shape, JsonLineShapes.OfArray(Text.UTF8.GetBytes(line)));
        Assert.Contains("array", ErrorMessages.For(shape), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_comes_has_a_shape_and_a_sentence() =>
        Gen.OneOf(Gen.Byte.Array[0, 20], JsonData.Any.Select(Text.UTF8.GetBytes)).Sample(
            line => Assert.NotEmpty(ErrorMessages.For(JsonLineShapes.Of(line))),
            iter: 20_000);
}
