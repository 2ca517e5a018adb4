using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Rules;

public sealed class ExcerptTests
{
    [Fact]
    public void A_long_text_is_cut_and_marked_and_never_within_a_character()
    {
        Assert.Equal("abc", Excerpt.Of("abc", lengthMax: 3));
        Assert.Equal("abc…", Excerpt.Of("abcd", lengthMax: 3));
        Assert.Equal("ab…", Excerpt.Of("ab😀d", lengthMax: 3));
        Assert.Equal(101, Excerpt.Of(new string('x', 900_000)).Length);
    }

    [Theory]
    [InlineData("a b é 😀", "a b é 😀")]
    [InlineData("a\0b", "a\\u0000b")]
    [InlineData("a\tb\r\n", "a\\u0009b\\u000D\\u000A")]
    [InlineData("\uFEFFid", "\\uFEFFid")]
    [InlineData("email\u200B", "email\\u200B")]
    [InlineData("1\u00A0000", "1\\u00A0000")]
    public void What_cannot_be_seen_is_shown_as_an_escape(string text, string shown) =>
        Assert.Equal(shown, Excerpt.Of(text));
}
