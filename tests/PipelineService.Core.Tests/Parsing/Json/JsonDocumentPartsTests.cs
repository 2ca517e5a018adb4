using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Json;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Json;

/// <summary>What encloses the records of a document: all before the array, and all behind it.</summary>
public sealed class JsonDocumentPartsTests
{
    [Theory]
    [InlineData("a", "{\"a\":[1]}", 5)]
    [InlineData("a", " {\n\"x\": {\"a\": [1]}, \"y\":[\"a\"], \"\\u0061\" : [ ]}", 42)]
    [InlineData("a/b", "{\"b\":[],\"a\":{\"c\":{\"b\":[]},\"b\":[]}}", 30)]
    [InlineData("é", "{\"é\":[]}", 6)]
    [InlineData("ab", "{\"a\\ud800b\":[],\"\\udc00\":{},\"ab\":[]}", 32)] // names with half of a character are others
    public void Finds_the_array_of_the_records(string path, string document, int offset)
    {
        byte[] bytes = Text.UTF8.GetBytes(document);
        foreach (int step in (int[])[1, 2, 7, bytes.Length])
        {
            Assert.Equal((JsonHeadResult.Found, offset), Find(bytes, path, step));
        }
    }

    [Theory]
    [InlineData("a", "{\"b\":[1]}", JsonHeadResult.Missing)]
    [InlineData("a/b", "{\"a\":{\"c\":[]},\"b\":[]}", JsonHeadResult.Missing)]
    [InlineData("a", "{\"a\":{}}", JsonHeadResult.NoArray)]
    [InlineData("a/b", "{\"a\":[{\"b\":[]}]}", JsonHeadResult.NoObject)]
    [InlineData("a", "[{\"a\":[]}]", JsonHeadResult.NoObject)]
    [InlineData("a", "1", JsonHeadResult.NoObject)]
    [InlineData("a", "{\"x\":tru,\"a\":[]}", JsonHeadResult.Malformed)]
    [InlineData("a", "{\"x\":1", JsonHeadResult.Truncated)]
    [InlineData("a", "", JsonHeadResult.Truncated)]
    public void Says_why_there_is_none(string path, string document, JsonHeadResult result) =>
        Assert.Equal(result, Find(Text.UTF8.GetBytes(document), path, step: 3).Result);

    [Theory]
    [InlineData("", "] \r\n", null)]
    [InlineData("a", "],\"b\":{\"a\":[1]}}", null)]
    [InlineData("ab", "],\"a\\ud800b\":[],\"\\ud800\":1}", null)]
    [InlineData("a/b", "], \"a\":[], \"x\":{\"b\":1}}, \"b\":2 }\n", null)]
    [InlineData("", "] x", FramingFaultKind.MalformedTail)]
    [InlineData("", "]]", FramingFaultKind.MalformedTail)]
    [InlineData("", "],", FramingFaultKind.MalformedTail)]
    [InlineData("", "] [1]", FramingFaultKind.MalformedTail)]
    [InlineData("a", "]", FramingFaultKind.Truncated)]
    [InlineData("a", "],\"b\":\"x", FramingFaultKind.Truncated)]
    [InlineData("a", "],\"b\":tru}", FramingFaultKind.MalformedTail)]
    [InlineData("a", "]}}", FramingFaultKind.MalformedTail)]
    [InlineData("a", "],\"a\":[2]}", FramingFaultKind.RepeatedProperty)]
    [InlineData("a/b", "]},\"a\":{}}", FramingFaultKind.RepeatedProperty)]
    public void What_follows_must_close_the_document(string path, string tail, FramingFaultKind? kind)
    {
        byte[] bytes = Text.UTF8.GetBytes(tail);
        foreach (int step in (int[])[1, 2, 7, bytes.Length])
        {
            Assert.Equal(kind, Close(bytes, path, step)?.Kind);
        }
    }

    [Fact]
    public void Tells_where_the_tail_is_wrong() =>
        Assert.Equal(new FramingFault(FramingFaultKind.MalformedTail, 3), Close("] \nx"u8.ToArray(), "", step: 10));

    private static ImmutableArray<string> PathOf(string path) => path.Length == 0 ? [] : [.. path.Split('/')];

    private static (JsonHeadResult Result, int Offset) Find(byte[] bytes, string path, int step)
    {
        JsonHead head = new(PathOf(path));
        for (int offset = 0, window = 0; ;)
        {
            JsonHeadResult result = head.Read(bytes.AsSpan(offset, window - offset), isFinal: window == bytes.Length, out int read);
            offset += read;
            if (result != JsonHeadResult.GoesOn)
            {
                return (result, offset);
            }

            Assert.True(window < bytes.Length, "It goes on behind the end.");
            window = Math.Min(window + step, bytes.Length);
        }
    }

    private static FramingFault? Close(byte[] bytes, string path, int step)
    {
        JsonTail tail = new(PathOf(path));
        for (int offset = 0, window = 0; ;)
        {
            bool isFinal = window == bytes.Length;
            offset += tail.Read(bytes.AsSpan(offset, window - offset), isFinal, out FramingFault? fault);
            if (fault is not null || isFinal)
            {
                return fault;
            }

            window = Math.Min(window + step, bytes.Length);
        }
    }
}
