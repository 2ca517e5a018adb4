using CsCheck;
using PipelineService.Access;
using PipelineService.Access.Keys;

namespace PipelineService.Tests.Access;

public sealed class KeyTextTests
{
    [Fact]
    public void Reads_back_what_it_makes() => Gen.Guid.Sample(id =>
    {
        string text = KeyText.Make(id);

        Assert.Matches("^pls_[a-z2-7]{85}$", text);
        Assert.True(KeyText.TryRead(text, stackalloc byte[KeyText.Length], out Guid read));
        Assert.Equal(id, read);
    });

    [Fact]
    public void Two_keys_of_one_id_have_nothing_in_common_but_that()
    {
        string[] texts = [.. Enumerable.Range(0, 100).Select(_ => KeyText.Make(Guid.Empty)[30..82])];

        Assert.Distinct(texts);
        Assert.All(Enumerable.Range(0, 51), at => Assert.True(texts.Select(text => text[at]).Distinct().Count() > 10)); // 52: one bit
    }

    [Fact]
    public void Another_character_anywhere_makes_it_none() => Gen.Select(Gen.Int[0, KeyText.Length - 1], Gen.Char.AlphaNumeric).Sample((at, c) =>
    {
        char[] text = KeyText.Make(Guid.CreateVersion7()).ToCharArray();
        bool isSame = text[at] == c;
        text[at] = c;

        Assert.Equal(isSame, KeyText.TryRead(text, stackalloc byte[KeyText.Length], out _));
    });

    [Fact]
    public void Whatever_comes_is_read_or_not() => Gen.OneOf(Gen.String, Gen.String[Gen.Char.AlphaNumeric, 85, 85].Select(s => "pls_" + s))
        .Sample(text => Assert.False(KeyText.TryRead(text, stackalloc byte[KeyText.Length], out _)));

    [Theory]
    [InlineData("trips", "trips", true)]
    [InlineData("trips", "trips2", false)]
    [InlineData("acme_*", "acme_orders", true)]
    [InlineData("acme_*", "acme_", true)]
    [InlineData("acme_*", "acme", false)]
    [InlineData("acme_*", "acmeorders", false)]
    [InlineData("*", "anything", true)]
    public void Patterns_match_names_and_beginnings(string pattern, string dataset, bool isMatch) =>
        Assert.Equal(isMatch, DatasetPatterns.Of([pattern]).Match(dataset));

    [Theory]
    [InlineData("*", "acme_*", true)]
    [InlineData("acme_*", "*", false)]
    [InlineData("acme_*", "acme_orders", true)]
    [InlineData("acme_*", "acme_or*", true)]
    [InlineData("acme_*", "acm*", false)]
    [InlineData("acme_orders", "acme_*", false)]
    [InlineData("acme_orders", "acme_orders", true)]
    public void Patterns_cover_others_that_match_no_more(string own, string other, bool covers) =>
        Assert.Equal(covers, DatasetPatterns.Of([own]).Cover(DatasetPatterns.Of([other])));

    /// <summary>One covers another exactly if there is no name that the other matches and it does not.</summary>
    [Fact]
    public void Covering_is_what_matching_says()
    {
        Gen<string> pattern = Gen.Select(Gen.Char["ab"].Array[1, 3], Gen.Bool)
            .Select((name, isPrefix) => new string(name) + (isPrefix ? "*" : ""));
        string[] names = [.. from length in Enumerable.Range(1, 5)
                             from bits in Enumerable.Range(0, 1 << length)
                             select string.Concat(Enumerable.Range(0, length).Select(i => (bits & (1 << i)) == 0 ? 'a' : 'b'))];
        Gen.Select(pattern, pattern).Sample((own, other) =>
        {
            var owns = DatasetPatterns.Of([own]);
            var others = DatasetPatterns.Of([other]);

            Assert.Equal(names.All(name => !others.Match(name) || owns.Match(name)), owns.Cover(others));
        });
    }
}
