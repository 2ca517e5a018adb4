using PipelineService.Hosting.Telemetry;

namespace PipelineService.Tests.Hosting.Telemetry;

public sealed class BoundedLabelsTests
{
    [Fact]
    public void The_first_values_are_kept_apart_and_further_ones_are_other()
    {
        BoundedLabel label = new(max: 2);

        Assert.Equal(["a", "b", "other", "a", "other", ""], new[] { "a", "b", "c", "a", "d", null }.Select(label.Of));
    }

    [Fact]
    public void A_combination_too_many_keeps_its_first_value()
    {
        BoundedPair pair = new(max: 2);

        Assert.Equal(
            ["x", "y", "other", "x", "other"],
            new[] { ("a", "x"), ("a", "y"), ("b", "x"), ("a", "x"), ("b", "x") }.Select(values => pair.SecondOf(values.Item1, values.Item2)));
    }
}
