using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Figures;

/// <summary>A value with its labels; of a number alone, without any.</summary>
internal sealed record PromSample(IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Key => string.Join(',', Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));
}

/// <summary>What a part of an expression comes to.</summary>
internal sealed record PromValue(PromSample[] Samples, bool IsNumber)
{
    public static PromValue Of(double number) => new([new(new Dictionary<string, string>(), number)], IsNumber: true);

    public static PromValue Of(IEnumerable<PromSample> samples) => new([.. samples], IsNumber: false);

    public double Number => Samples[0].Value;
}

/// <summary>What was scraped now and a while before, and the rules that name expressions over it.</summary>
/// <param name="Seconds">Between the two.</param>
internal sealed record PromSeries(MetricsPage Before, MetricsPage Now, double Seconds, IReadOnlyDictionary<string, PromExpression> Rules)
{
    /// <summary>As it was before, when nothing had happened yet.</summary>
    public PromSeries Earlier => this with { Now = Before };

    public IEnumerable<PromSample> Find(string name, Func<IReadOnlyDictionary<string, string>, bool> matches, bool isEarlier = false) =>
        from sample in (isEarlier ? Before : Now).Samples
        where sample.Name == name && matches(sample.Labels)
        select new PromSample(sample.Labels, sample.Value);
}
