using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Rejects;

public sealed class ErrorValueTests
{
    private static readonly CsvSyntax Syntax = new(CsvDialect.Default with { EscapeChar = "^" });

    [Theory]
    [InlineData(ValueSpelling.Plain, "say \"\"hi\"\"", "say \"\"hi\"\"")]
    [InlineData(ValueSpelling.CsvDoubled, "say \"\"hi\"\"", "say \"hi\"")]
    [InlineData(ValueSpelling.CsvDoubled, "\"\"", "\"")]
    [InlineData(ValueSpelling.CsvDoubled, "\\n", "\\n")]
    [InlineData(ValueSpelling.CsvDoubled, "\"\"^\"^^^,", "\"\"^,")]
    [InlineData(ValueSpelling.CsvEscaped, "\"\"^\"^^^é", "\"\"\"^é")]
    [InlineData(ValueSpelling.Plain, "^,", "^,")]
    [InlineData(ValueSpelling.JsonEscaped, "say \\\"hi\\\"\\n\\u00e9\\ud83d\\ude00", "say \"hi\"\n\u00e9\U0001F600")]
    [InlineData(ValueSpelling.JsonEscaped, "\\ud83d-\\ude00\\ud83d\\u0041", "\uFFFD-\uFFFD\uFFFDA")]
    [InlineData(ValueSpelling.JsonEscaped, "a\\u0000b", "a\uFFFDb")]
    [InlineData(ValueSpelling.Plain, "a\0b", "a\uFFFDb")]
    public void Is_what_the_text_says_and_not_how_it_is_spelled(ValueSpelling spelling, string written, string text) =>
        Assert.Equal(text, Decode(Text.UTF8.GetBytes(written), spelling));

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_replaced() =>
        Assert.Equal("a\uFFFD(\uFFFD", Decode([(byte)'a', 0xC3, (byte)'(', 0xE2, 0x82], ValueSpelling.Plain));

    [Theory]
    [InlineData("é")]
    [InlineData("€")]
    [InlineData("😀")]
    public void A_long_one_is_cut_between_two_characters(string character)
    {
        int bytes = Text.UTF8.GetByteCount(character);
        foreach (string start in new[] { "", "a", "ab", "abc" })
        {
            int count = (ErrorValue.BytesMax - start.Length) / bytes;
            string fits = start + string.Concat(Enumerable.Repeat(character, count));

            Assert.Equal(fits, Decode(Text.UTF8.GetBytes(fits), ValueSpelling.Plain));
            Assert.Equal(fits + "…", Decode(Text.UTF8.GetBytes(fits + character), ValueSpelling.Plain));
        }
    }

    [Fact]
    public void Escapes_count_as_what_they_mean()
    {
        string quotes = new('"', ErrorValue.BytesMax);
        string escapes = string.Concat(Enumerable.Repeat("\\u0022", ErrorValue.BytesMax));

        Assert.Equal(quotes, Decode(Text.UTF8.GetBytes(quotes + quotes), ValueSpelling.CsvDoubled));
        Assert.Equal(quotes, Decode(Text.UTF8.GetBytes(escapes), ValueSpelling.JsonEscaped));
        Assert.Equal(quotes + "…", Decode(Text.UTF8.GetBytes(escapes + "x"), ValueSpelling.JsonEscaped));
    }

    private static string Decode(byte[] written, ValueSpelling spelling)
    {
        byte[] text = new byte[ErrorValue.BytesMax];
        int length = ErrorValue.Decode(written, spelling, Syntax, text, out bool isCut);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text, 0, length) + (isCut ? "…" : "");
    }
}
