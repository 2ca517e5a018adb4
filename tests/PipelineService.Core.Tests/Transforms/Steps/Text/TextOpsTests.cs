using System.Text;
using PipelineService.Core.Datasets.Transforms;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Steps.Text;

/// <summary>Each op on texts, in every way that they can be written.</summary>
public sealed class TextOpsTests
{
    private static readonly string Long = new('x', 300);

    [Theory]
    [InlineData("x", "x")]
    [InlineData("  x  ", "x")]
    [InlineData("\t x\u00a0y \u2003", "x\u00a0y")]
    [InlineData("   ", Applied.NoValue)]
    [InlineData("", Applied.NoValue)]
    [InlineData(" NA ", Applied.NoValue)]
    [InlineData(" \"x\" ", "\"x\"")]
    [InlineData("\ufeffx\u200b", "\ufeffx\u200b")]
    public void Trim(string text, string expected) => Assert.Equal(expected, Applied.To(text, new TrimOp { Fields = ["a"] }));

    [Theory]
    [InlineData("-é-x-é-", "x")]
    [InlineData("  x", "  x")]
    [InlineData("é", Applied.NoValue)]
    public void Trim_of_characters(string text, string expected) =>
        Assert.Equal(expected, Applied.To(text, new TrimOp { Fields = ["a"], Characters = "-é" }));

    [Theory]
    [InlineData("a b", "a b")]
    [InlineData("a  b", "a b")]
    [InlineData("a\tb", "a b")]
    [InlineData(" \r\n a \u2003\u00a0b ", " a b ")]
    [InlineData("é  é", "é é")]
    [InlineData("  ", " ")]
    public void Collapse_whitespace(string text, string expected) =>
        Assert.Equal(expected, Applied.To(text, new CollapseWhitespaceOp { Fields = ["a"] }));

    [Theory]
    [InlineData("ABC xyz", "abc xyz")]
    [InlineData("ÄÖÜ ÉΣ Ж", "äöü éσ ж")]
    [InlineData("İ", "İ")]
    [InlineData("ȺȺȺ", "ⱥⱥⱥ")]
    [InlineData("𐐀", "𐐨")]
    [InlineData("NA", Applied.NoValue)]
    [InlineData("\"A\\\"", "\"a\\\"")]
    public void Lower(string text, string expected) => Assert.Equal(expected, Applied.To(text, new LowerOp { Fields = ["a"] }));

    [Theory]
    [InlineData("abc XYZ", "ABC XYZ")]
    [InlineData("straße ı ÿ", "STRAßE ı Ÿ")]
    [InlineData("ɐ", "Ɐ")]
    [InlineData("", Applied.NoValue)]
    public void Upper(string text, string expected) => Assert.Equal(expected, Applied.To(text, new UpperOp { Fields = ["a"] }));

    [Theory]
    [InlineData("a-b-c", "a::b::c")]
    [InlineData("-", "::")]
    [InlineData("abc", "abc")]
    [InlineData("é-é", "é::é")]
    public void Replace_text(string text, string expected) =>
        Assert.Equal(expected, Applied.To(text, new ReplaceOp { Fields = ["a"], Text = "-", With = "::" }));

    [Theory]
    [InlineData("aaa", "b", "bb", "aaa")]
    [InlineData("aaaa", "aa", "a", "aa")]
    [InlineData("a\"b", "\"", "", "ab")]
    public void Replace_text_takes_occurrences_from_the_left(string text, string old, string with, string expected) =>
        Assert.Equal(expected, Applied.To(text, new ReplaceOp { Fields = ["a"], Text = old, With = with }));

    [Theory]
    [InlineData("a1b22c", "[0-9]+", "#", "a#b#c")]
    [InlineData("aé😀", ".", "é", "éééé")]
    [InlineData("abc", "x*", "-", "-a-b-c-")]
    [InlineData("abc", "$", "", "abc")]
    [InlineData("a", "a", "$1", "$1")]
    [InlineData("\u0130I", "(?i)i", "x", "\u0130x")]
    public void Replace_pattern(string text, string pattern, string with, string expected) =>
        Assert.Equal(expected, Applied.To(text, new ReplaceOp { Fields = ["a"], Pattern = pattern, With = with }));

    [Fact]
    public void Replace_pattern_in_a_long_text() => Assert.Equal(
        string.Concat(Enumerable.Repeat("éé", 300)), Applied.To(Long, new ReplaceOp { Fields = ["a"], Pattern = "x", With = "éé" }));

    [Theory]
    [InlineData(MapElse.Keep, "UK", "GB")]
    [InlineData(MapElse.Keep, "AT", "AT")]
    [InlineData(MapElse.Null, "AT", Applied.NoValue)]
    [InlineData(MapElse.Reject, "AT", "Unmapped")]
    [InlineData(MapElse.Reject, "größe", "x\"y")]
    [InlineData(MapElse.Reject, "NA", "Namibia")]
    [InlineData(MapElse.Reject, "", Applied.NoValue)]
    public void Map(MapElse otherwise, string text, string expected) => Assert.Equal(expected, Applied.To(text, new MapOp
    {
        Fields = ["a"],
        Table = [new("UK", "GB"), new("größe", "x\"y"), new("NA", "Namibia")],
        Else = otherwise,
    }));

    [Theory]
    [InlineData("-", Applied.NoValue)]
    [InlineData("n/a", Applied.NoValue)]
    [InlineData("--", "--")]
    public void Null_if(string text, string expected) =>
        Assert.Equal(expected, Applied.To(text, new NullIfOp { Fields = ["a"], Values = ["-", "n/a"] }));

    [Theory]
    [InlineData("", "é")]
    [InlineData("NA", "é")]
    [InlineData(" ", " ")]
    [InlineData("x", "x")]
    public void Default(string text, string expected) =>
        Assert.Equal(expected, Applied.To(text, new DefaultOp { Fields = ["a"], Value = "é" }));

    [Fact]
    public void Default_of_what_another_op_has_taken_away() => Assert.Equal(
        "x",
        Applied.To("-", new NullIfOp { Fields = ["a"], Values = ["-"] }, new DefaultOp { Fields = ["a"], Value = "x" }));

    [Theory]
    [InlineData("größer", 3, "grö")]
    [InlineData("😀😀", 1, "😀")]
    [InlineData("ab", 2, "ab")]
    [InlineData("ab", 0, Applied.NoValue)]
    public void Truncate(string text, int length, string expected) =>
        Assert.Equal(expected, Applied.To(text, new TruncateOp { Fields = ["a"], Length = length }));

    [Theory]
    [InlineData("7", PadSide.Start, "ééé7")]
    [InlineData("7", PadSide.End, "7ééé")]
    [InlineData("😀😀😀😀", PadSide.End, "😀😀😀😀")]
    [InlineData("", PadSide.End, Applied.NoValue)]
    public void Pad(string text, PadSide side, string expected) => Assert.Equal(
        expected, Applied.To(text, new PadOp { Fields = ["a"], Length = 4, Side = side, Character = new Rune('é') }));

    [Theory]
    [InlineData("abcdef", "a***ef")]
    [InlineData("ééé", "###")]
    [InlineData("éééé", "é#éé")]
    [InlineData("NA", Applied.NoValue)]
    public void Mask(string text, string expected) => Assert.Equal(
        expected.Replace('*', '#'),
        Applied.To(text, new MaskOp { Fields = ["a"], KeepFirst = 1, KeepLast = 2, Character = new Rune('#') }));

    [Theory]
    [InlineData("x", "-", "-")]
    [InlineData("x", null, Applied.NoValue)]
    [InlineData("", "-", Applied.NoValue)]
    public void Redact(string text, string? with, string expected) =>
        Assert.Equal(expected, Applied.To(text, new RedactOp { Fields = ["a"], With = with }));

    /// <summary>The first from FIPS 180-4, the second from RFC 4231, the third of "Jefe" and the text together.</summary>
    [Theory]
    [InlineData("abc", HashKind.Sha256, null, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("what do ya want for nothing?", HashKind.HmacSha256, "KEY", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    [InlineData("abc", HashKind.Sha256, "KEY", "")]
    [InlineData("NA", HashKind.Sha256, null, Applied.NoValue)]
    public void Hash(string text, HashKind algorithm, string? secret, string expected)
    {
        string salted = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("Jefeabc"u8));

        Assert.Equal(
            expected.Length == 0 ? salted : expected,
            Applied.To(text, new HashOp { Fields = ["a"], Algorithm = algorithm, Secret = secret }));
    }

    [Fact]
    public void Ops_see_what_those_before_have_left() => Assert.Equal(
        "GB!",
        Applied.To(
            "  \"uk\" ",
            new TrimOp { Fields = ["*"] },
            new TrimOp { Fields = ["a"], Characters = "\"" },
            new UpperOp { Fields = ["a"] },
            new MapOp { Fields = ["a"], Table = [new("UK", "GB")], Else = MapElse.Reject },
            new PadOp { Fields = ["a"], Length = 3, Side = PadSide.End, Character = new Rune('!') }));
}
