using CsCheck;
using PipelineService.Core.Parsing.Csv;
using Xunit;

namespace PipelineService.Core.Tests.Parsing.Csv;

public sealed class LookalikeNamesTests
{
    [Theory]
    [InlineData("Sensor", "sensor", "in case")]
    [InlineData("Łódź", "łódź", "in case")]
    [InlineData(" sensor", "sensor", "in blanks")]
    [InlineData("taken at", "taken_at", "in blanks and in punctuation")]
    [InlineData("taken-at", "taken_at", "in punctuation")]
    [InlineData("\"sensor\"", "sensor", "in punctuation")]
    [InlineData("TAKEN AT", "takenat", "in case and in blanks")]
    [InlineData("\uFEFFsensor", "sensor", "by the invisible character U+FEFF (byte order mark)")]
    [InlineData("sensor\u200B", "sensor", "by the invisible character U+200B (zero width space)")]
    [InlineData("sensor", "sen\u00ADsor", "by the invisible character U+00AD (soft hyphen)")]
    [InlineData("sensor\u0007", "sensor", "by the invisible character U+0007")]
    [InlineData("Sensor\r", "sensor", "by the invisible character U+000D (carriage return) and in case")]
    [InlineData("\u200Bsensor", "sensor\u200B", "in invisible characters")]
    [InlineData(" -a", "- a", "in the order of blanks and punctuation")]
    public void Says_in_what_names_differ(string name, string declared, string difference)
    {
        Assert.Equal(LookalikeNames.KeyOf(name), LookalikeNames.KeyOf(declared));
        Assert.Equal(difference, LookalikeNames.DifferenceOf(name, declared));
    }

    [Theory]
    [InlineData("sensor", "sensors")]
    [InlineData("a", "\U00010022a")]
    [InlineData("é", "e")]
    public void Names_of_other_letters_are_not_alike(string name, string declared) =>
        Assert.NotEqual(LookalikeNames.KeyOf(name), LookalikeNames.KeyOf(declared));

    [Fact]
    public void Names_that_are_alike_always_differ_in_something() =>
        Gen.String[Gen.Char["aA _-\"\u00A0\uFEFF\0"], 0, 6].Array[2]
            .Where(names => names[0] != names[1] && LookalikeNames.KeyOf(names[0]) == LookalikeNames.KeyOf(names[1]))
            .Sample(
            names =>
            {
                string difference = LookalikeNames.DifferenceOf(names[0], names[1]);
                Assert.NotEmpty(difference);
                Assert.True(!names[0].Equals(names[1], StringComparison.OrdinalIgnoreCase) || difference == "in case");
            },
            iter: 10_000);
}
