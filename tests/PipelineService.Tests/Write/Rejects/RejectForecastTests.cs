using CsCheck;
using PipelineService.Write.Rejects;

namespace PipelineService.Tests.Write.Rejects;

public sealed class RejectForecastTests
{
    /// <summary>From the worst score down to where it trusts again.</summary>
    private const int CleanChunksMax = 9;

    private static readonly Action<RejectForecast>[] Events =
    [
        forecast => forecast.Met(wasForetold: false),
        forecast => forecast.Met(wasForetold: true),
        forecast => forecast.Screened(foundAny: true),
        forecast => forecast.Screened(foundAny: false),
    ];

    private static readonly Gen<Action<RejectForecast>[]> Past =
        Gen.Int[0, Events.Length - 1].Select(i => Events[i]).Array[0, 100];

    [Fact]
    public void Trusts_a_table_that_has_refused_nothing()
    {
        RejectForecast forecast = new();

        Assert.True(forecast.AreForetold);
        Assert.False(forecast.Any);
    }

    /// <summary>The past has a bound, for the better and for the worse.</summary>
    [Fact]
    public void Trusts_again_after_a_few_clean_chunks_whatever_was_before() => Past.Sample(
        past =>
        {
            RejectForecast forecast = After(past);
            for (int chunk = 0; chunk < CleanChunksMax; chunk++)
            {
                forecast.Screened(foundAny: false);
            }

            Assert.True(forecast.AreForetold);
        },
        iter: 1_000);

    [Fact]
    public void Screens_after_two_refusals_that_nothing_foretold_whatever_was_before() => Past.Sample(
        past =>
        {
            RejectForecast forecast = After(past);
            forecast.Met(wasForetold: false);
            forecast.Met(wasForetold: false);

            Assert.False(forecast.AreForetold);
            Assert.True(forecast.Any);
        },
        iter: 1_000);

    /// <summary>What the job's own keys explain is left out the next time, and says nothing of the rest.</summary>
    [Fact]
    public void Thinks_the_same_after_a_refusal_that_was_foretold() => Past.Sample(
        past =>
        {
            RejectForecast forecast = After(past);
            bool before = forecast.AreForetold;
            forecast.Met(wasForetold: true);

            Assert.Equal(before, forecast.AreForetold);
            Assert.True(forecast.Any);
        },
        iter: 1_000);

    [Fact]
    public void Goes_on_screening_while_refusals_are_found()
    {
        RejectForecast forecast = After([f => f.Met(wasForetold: false), f => f.Met(wasForetold: false)]);
        for (int chunk = 0; chunk < 100; chunk++)
        {
            forecast.Screened(foundAny: true);
            Assert.False(forecast.AreForetold);
        }
    }

    [Fact]
    public void Tells_once_that_rows_went_one_by_one()
    {
        RejectForecast forecast = new();

        Assert.Equal([true, false, false], Enumerable.Range(0, 3).Select(_ => forecast.TellOneByOne()));
    }

    private static RejectForecast After(IEnumerable<Action<RejectForecast>> past)
    {
        RejectForecast forecast = new();
        foreach (Action<RejectForecast> happen in past)
        {
            happen(forecast);
        }

        return forecast;
    }
}
