using System.Globalization;
using System.Text.RegularExpressions;

namespace PipelineService.Tests.Infrastructure;

/// <summary>What <c>/metrics</c> shows, in Prometheus' text form.</summary>
internal sealed partial class MetricsPage
{
    private readonly ILookup<string, Sample> _samples;

    public MetricsPage(string text)
    {
        Text = text;
        _samples = (from line in text.Split('\n')
                    where line.Length > 0 && line[0] != '#'
                    let match = Line().Match(line)
                    select new Sample(
                        match.Groups["name"].Value,
                        Label().Matches(match.Groups["labels"].Value).ToDictionary(
                            label => label.Groups["name"].Value, label => Regex.Unescape(label.Groups["value"].Value)),
                        double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)))
            .ToLookup(sample => sample.Name);
    }

    public string Text { get; }

    public IEnumerable<Sample> Samples => _samples.SelectMany(samples => samples);

    public static async Task<MetricsPage> ReadAsync(HttpClient client) =>
        new(await client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));

    public bool Has(string name) => _samples.Contains(name);

    /// <summary>The sum over all series with these labels; fails when there is none.</summary>
    public double Sum(string name, params (string Label, string Value)[] labels)
    {
        Sample[] samples = [.. _samples[name].Where(sample => sample.Has(labels))];
        Assert.True(samples.Length > 0, $"There is no {name} with {string.Join(", ", labels)}.");
        return samples.Sum(sample => sample.Value);
    }

    /// <summary>The values of a label among the series with these others, in the order of the text.</summary>
    public string[] LabelsOf(string name, string label, params (string Label, string Value)[] others) =>
        [.. _samples[name].Where(sample => sample.Has(others)).Select(sample => sample.Labels.GetValueOrDefault(label, "")).Distinct()];

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[-+0-9.eEInfNa]+)( .*)?$""")]
    private static partial Regex Line();

    [GeneratedRegex(@"(?<name>[a-zA-Z_]+)=""(?<value>([^""\\]|\\.)*)""")]
    private static partial Regex Label();

    public sealed record Sample(string Name, Dictionary<string, string> Labels, double Value)
    {
        public bool Has((string Label, string Value)[] labels) =>
            labels.All(label => Labels.TryGetValue(label.Label, out string? value) && value == label.Value);
    }
}
