using CsCheck;
using Microsoft.Extensions.Primitives;
using PipelineService.Hosting;

namespace PipelineService.Tests.Hosting;

public sealed class PreferHeaderTests
{
    private static readonly Gen<string> Part = Gen.OneOf<string>("wait", "=", "-", "5", ",", ";", "\"", " ", "x");

    /// <summary>Any text, and texts that are nearly a wait.</summary>
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[0, 60],
        Part.Array[0, 8].Select(string.Concat),
        Gen.Select(Gen.OneOf<string>("wait", "wait=", "wait=\""), Part.Array[0, 4], (start, parts) => start + string.Concat(parts)));

    [Theory]
    [InlineData(10, "wait=10")]
    [InlineData(0, "wait=0")]
    [InlineData(5, "respond-async, wait=5")]
    [InlineData(5, "wait=5, respond-async")]
    [InlineData(5, "WAIT = 5")]
    [InlineData(5, "wait=\"5\"")]
    [InlineData(5, "wait=5; foo=bar")]
    [InlineData(5, "respond-async", "wait=5")]
    [InlineData(5, "wait=soon", "wait=5")]
    [InlineData(5, "wait=5, wait=6")]
    public void Reads_how_long_the_client_waits(int seconds, params string[] values) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), PreferHeader.ParseWait(new StringValues(values)));

    [Theory]
    [InlineData()]
    [InlineData("")]
    [InlineData("wait")]
    [InlineData("wait=")]
    [InlineData("wait=-1")]
    [InlineData("wait=1.5")]
    [InlineData("wait=99999999999")]
    [InlineData("waiting=5")]
    [InlineData("handling=wait=5")]
    [InlineData("foo; wait=5")]
    public void Passes_over_what_it_does_not_understand(params string[] values) =>
        Assert.Null(PreferHeader.ParseWait(new StringValues(values)));

    [Fact]
    public void Reads_the_wait_among_any_other_preferences() =>
        Gen.Select(Gen.String[Gen.Char["abx=;\" "], 0, 20].Array[0, 4], Gen.Int[0, int.MaxValue]).Sample((others, seconds) =>
            Assert.Equal(
                TimeSpan.FromSeconds(seconds), PreferHeader.ParseWait(new StringValues([.. others, $"wait={seconds}"]))));

    [Fact]
    public void Never_fails_whatever_is_sent() => Text.Array[0, 3].Sample(
        values => Assert.True(PreferHeader.ParseWait(new StringValues(values)) is null or { Ticks: >= 0 }),
        iter: 10_000);
}
