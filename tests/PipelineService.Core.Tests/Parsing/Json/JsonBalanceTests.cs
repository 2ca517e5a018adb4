using CsCheck;
using PipelineService.Core.Parsing.Json;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Parsing.Json;

public sealed class JsonBalanceTests
{
    private static readonly Gen<string> Value =
        Gen.Select(Gen.Char["{[\""], Gen.String[Gen.Frequency((6, Gen.Char["ab,:"]), (2, Gen.Char["{}[]"]), (2, Gen.Char["\"\\"])), 0, 300])
            .Select((first, rest) => first + rest);

    [Theory]
    [InlineData("{} ,", 2)]
    [InlineData("[[],{\"]\":\"}\\\"\"}] {", 16)]
    [InlineData("\"a\\\\\"{", 5)]
    [InlineData("\"{[\", {\"a\":1}", 4)]
    [InlineData("{\"a\":[1}", JsonBalance.Broken)]
    [InlineData("{\"a\":[1]", JsonBalance.Open)]
    [InlineData("\"a", JsonBalance.Open)]
    public void Ends_where_brackets_and_quotation_marks_are_paired(string text, int end) => Assert.Equal(end, EndOf(text));

    [Fact]
    public void Deeper_than_bits_only_the_number_of_brackets_counts()
    {
        string deep = new string('[', 200) + new string(']', 200);

        Assert.Equal(400, EndOf(deep + "]"));
        Assert.Equal(4, EndOf("[{}]" + deep));
    }

    /// <summary>The same as byte by byte, and the same whether the value comes at once or in pieces.</summary>
    [Fact]
    public void Blocks_end_where_single_bytes_do() =>
        Gen.Select(Value, Gen.Int[1, 80]).Sample(
            (text, piece) =>
            {
                byte[] bytes = Text.UTF8.GetBytes(text);
                int expected = EndByBytes(bytes, out int brokenAt);
                JsonBalance whole = new(bytes[0]);
                Assert.Equal(expected, whole.EndIn(bytes, 0));
                Assert.True(expected != JsonBalance.Broken || whole.BrokenAt == brokenAt, $"{whole.BrokenAt}, not {brokenAt}: {text}");

                JsonBalance pieces = new(bytes[0]);
                int end = JsonBalance.Open;
                for (int start = 0; start < bytes.Length && end == JsonBalance.Open; start += piece)
                {
                    end = pieces.EndIn(bytes.AsSpan(start, Math.Min(piece, bytes.Length - start)), 0);
                    end += end > 0 ? start : 0;
                }

                Assert.Equal(expected, end);
            },
            iter: 50_000);

    private static int EndOf(string text)
    {
        byte[] bytes = Text.UTF8.GetBytes(text);
        return new JsonBalance(bytes[0]).EndIn(bytes, 0);
    }

    /// <summary>The plain twin.</summary>
    private static int EndByBytes(byte[] bytes, out int brokenAt)
    {
        Stack<byte> open = new();
        bool isInText = false;
        bool isText = bytes[0] == '"';
        brokenAt = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            byte found = bytes[i];
            if (found == '\\')
            {
                i += i + 1 < bytes.Length && bytes[i + 1] is (byte)'"' or (byte)'\\' ? 1 : 0;
            }
            else if (found == '"')
            {
                isInText = !isInText;
                if (isText && !isInText)
                {
                    return i + 1;
                }
            }
            else if (!isInText && !isText && found is (byte)'{' or (byte)'[')
            {
                open.Push(found);
            }
            else if (!isInText && !isText && found is (byte)'}' or (byte)']')
            {
                if (open.Pop() != found - 2)
                {
                    brokenAt = i;
                    return JsonBalance.Broken;
                }

                if (open.Count == 0)
                {
                    return i + 1;
                }
            }
        }

        return JsonBalance.Open;
    }
}
