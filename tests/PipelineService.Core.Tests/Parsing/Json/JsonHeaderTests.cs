using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Json;

/// <summary>The array that names the items of those that follow.</summary>
public sealed class JsonHeaderTests
{
    [Theory]
    [InlineData("[\"id\",\"name\"]\n", "id|name")]
    [InlineData("\n \r\n [ \"i\\u0064\" , \"na\\\"me\" ] \r\n", "id|na\"me")]
    [InlineData("[\"\", \" é\", \"\\ud83d\\ude00\"]", "| é|😀")]
    public void Names_are_texts_without_escapes(string line, string names)
    {
        Assert.Equal(names, string.Join('|', JsonHeader.Read(Text.UTF8.GetBytes(line), out string? error)));
        Assert.Null(error);
    }

    [Theory]
    [InlineData("", "The upload is empty: there is no first line with names.")]
    [InlineData("\n\r\n", "The upload is empty: there is no first line with names.")]
    [InlineData("{\"id\":1}", "The first line is an object, and by dialect.itemType records are arrays: set it to \"object\", or send arrays, the first with the names (jq -c '[.id, .name]' makes that of objects).")]
    [InlineData("[", "The first line has only a part of an array: records are one complete array a line, the first with the names (jq -c '.[]' makes that of an array of arrays).")]
    [InlineData("[\"id\"],", "The first line has only a part of an array: records are one complete array a line, the first with the names (jq -c '.[]' makes that of an array of arrays).")]
    [InlineData("id,name", "The first line does not begin with a bracket: records are one complete array a line, the first with the names. Send CSV as text/csv.")]
    [InlineData("['id']", "The first line is not a well-formed JSON array of names.")]
    [InlineData("[[\"id\"],[1]]", "The first line has more than values in it: each record needs a line of its own (jq -c '.[]' makes that of an array).")]
    [InlineData("[\"id\",7]", "Item 1 of the first line is no text, and must be a name: for data without names set dialect.itemKeys to them, or dialect.header to false.")]
    [InlineData("[null]", "Item 0 of the first line is no text, and must be a name: for data without names set dialect.itemKeys to them, or dialect.header to false.")]
    [InlineData("[\"\\ud800\"]", "Item 0 of the first line is half of a character.")]
    [InlineData("[\"\\u0000\"]", "Item 0 of the first line holds the NUL character (U+0000).")]
    public void Says_why_there_are_no_names(string line, string fault)
    {
        Assert.Empty(JsonHeader.Read(Text.UTF8.GetBytes(line), out string? error));
        Assert.Equal(fault, error);
    }

    [Fact]
    public void Names_are_valid_UTF8_and_no_more_than_are_looked_at()
    {
        JsonHeader.Read([.. "[\""u8, 0xC3, .. "\"]"u8], out string? invalid);
        string[] names = [.. Enumerable.Range(0, ParsingLimits.FieldsMax).Select(i => $"\"{i}\"")];
        int most = JsonHeader.Read(Text.UTF8.GetBytes($"[{string.Join(',', names)}]"), out _).Length;
        JsonHeader.Read(Text.UTF8.GetBytes($"[{string.Join(',', names)},\"x\"]"), out string? many);

        Assert.Equal("The first line is not valid UTF-8.", invalid);
        Assert.Equal(ParsingLimits.FieldsMax, most);
        Assert.Equal("The first line has 1607 names; at most 1606 are read.", many);
    }
}
