using CsCheck;
using Microsoft.Extensions.Primitives;
using PipelineService.Hosting.Http;

namespace PipelineService.Tests.Hosting.Http;

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
    [InlineData(5, "wait=5, wait=6")]
    [InlineData(5, "wait=5, wait=soon")]
    [InlineData(5, "foo=\"a, wait=6; b\", wait=5")]
    [InlineData(5, ",, wait=5")]
    [InlineData(int.MaxValue, "wait=99999999999")]
    public void Reads_how_long_the_client_waits(int seconds, params string[] values)
    {
        Assert.True(PreferHeader.TryReadWait(new StringValues(values), out TimeSpan? wait));
        Assert.Equal(TimeSpan.FromSeconds(seconds), wait);
    }

    [Theory]
    [InlineData()]
    [InlineData("")]
    [InlineData("waiting=5")]
    [InlineData("handling=wait=5")]
    [InlineData("foo; wait=5")]
    [InlineData("respond-async, foo=\"wait=5\"")]
    public void Passes_over_other_preferences(params string[] values)
    {
        Assert.True(PreferHeader.TryReadWait(new StringValues(values), out TimeSpan? wait));
        Assert.Null(wait);
    }

    [Theory]
    [InlineData("wait")]
    [InlineData("wait=")]
    [InlineData("wait=\"\"")]
    [InlineData("wait=-1")]
    [InlineData("wait=1.5")]
    [InlineData("wait=soon", "wait=5")]
    public void Refuses_a_wait_that_is_no_number(params string[] values) =>
        Assert.False(PreferHeader.TryReadWait(new StringValues(values), out _));

    [Fact]
    public void Reads_the_wait_among_any_other_preferences() =>
        Gen.Select(Gen.String[Gen.Char["abx=;\" "], 0, 20].Array[0, 4], Gen.Int[0, int.MaxValue]).Sample((others, seconds) =>
            Assert.True(
                PreferHeader.TryReadWait(new StringValues([.. others, $"wait={seconds}"]), out TimeSpan? wait)
                && wait == TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Never_fails_whatever_is_sent() => Text.Array[0, 3].Sample(
        values => Assert.True(
            PreferHeader.TryReadWait(new StringValues(values), out TimeSpan? wait) ? wait is null or { Ticks: >= 0 } : wait is null),
        iter: 10_000);
}
