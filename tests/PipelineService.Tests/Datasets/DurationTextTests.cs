using System.Text.RegularExpressions;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Tests.Datasets;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("P7D", "7.00:00:00")]
    [InlineData("P2W", "14.00:00:00")]
    [InlineData("PT12H", "12:00:00")]
    [InlineData("PT90M", "01:30:00")]
    [InlineData("P1DT6H30M5S", "1.06:30:05")]
    [InlineData("P0D", "00:00:00")]
    public void Reads_what_has_a_length_of_its_own_and_writes_it_so_that_it_can_be_read(string text, string time)
    {
        var read = DurationText.Parse(text);

        Assert.Equal(TimeSpan.Parse(time, System.Globalization.CultureInfo.InvariantCulture), read);
        Assert.Equal(read, DurationText.Parse(DurationText.Format(read!.Value)));
        Assert.Matches(new Regex(DurationText.Pattern), text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1DT")]
    [InlineData("7D")]
    [InlineData("P1M")]
    [InlineData("P1Y")]
    [InlineData("P1W2D")]
    [InlineData("P1.5D")]
    [InlineData("-P1D")]
    [InlineData("P 7D")]
    [InlineData("p7d")]
    [InlineData("PT1H1D")]
    [InlineData("P7D\n")]
    [InlineData("P99999999999999999999D")]
    [InlineData("P2000000000W")]
    [InlineData("7.00:00:00")]
    public void Reads_nothing_else(string text) => Assert.Null(DurationText.Parse(text));
}
