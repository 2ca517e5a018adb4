using System.Globalization;
using System.Text;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Metrics in Prometheus' text format 0.0.4, with names as OpenTelemetry's compatibility specification makes them:
/// <c>pipeline.upload.bytes</c> becomes <c>pipeline_upload_bytes_total</c>. A copy of its own, outside of the SDK, because a
/// batch may only be read while it is exported.
/// </summary>
internal sealed class PrometheusText
{
    /// <summary>All samples of a name must stand together, under one header, whichever meter they come from.</summary>
    private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

    public void Add(Metric metric)
    {
        string type = TypeOf(metric.MetricType);
        if (type.Length == 0)
        {
            return;
        }

        string name = NameOf(metric.Name, metric.Unit, type);
        if (!_families.TryGetValue(name, out Family? family))
        {
            _families[name] = family = new Family(type, metric.Description);
        }

        foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
        {
            string labels = LabelsOf(point.Tags);
            if (metric.MetricType == MetricType.Histogram)
            {
                AddHistogram(family.Samples, name, labels, point);
            }
            else
            {
                Sample(family.Samples, name, labels, ValueOf(metric.MetricType, point));
            }
        }
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        foreach ((string name, Family family) in _families)
        {
            if (family.Help.Length > 0)
            {
                text.Append("# HELP ").Append(name).Append(' ').Append(Escape(family.Help, quotes: false)).Append('\n');
            }

            text.Append("# TYPE ").Append(name).Append(' ').Append(family.Type).Append('\n').Append(family.Samples);
        }

        return text.ToString();
    }

    internal static string NameOf(string name, string unit, string type)
    {
        string result = Clean(name);
        string suffix = unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            "%" => "_percent",
            "1" when type == "gauge" => "_ratio",
            _ => string.Empty, // {annotations} have none, and other units do not occur
        };
        if (!result.EndsWith(suffix, StringComparison.Ordinal))
        {
            result += suffix;
        }

        return type == "counter" && !result.EndsWith("_total", StringComparison.Ordinal) ? result + "_total" : result;
    }

    /// <summary>Backslash and line end; in label values also the quote.</summary>
    internal static string Escape(string text, bool quotes)
    {
        string escaped = text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string TypeOf(MetricType type) => type switch
    {
        MetricType.LongSum or MetricType.DoubleSum => "counter",
        MetricType.LongGauge or MetricType.DoubleGauge => "gauge",
        MetricType.LongSumNonMonotonic or MetricType.DoubleSumNonMonotonic => "gauge",
        MetricType.Histogram => "histogram",
        _ => string.Empty,
    };

    private static double ValueOf(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        _ => point.GetGaugeLastValueDouble(),
    };

    /// <summary>Prometheus' buckets are cumulative; OpenTelemetry's are not.</summary>
    private static void AddHistogram(StringBuilder text, string name, string labels, in MetricPoint point)
    {
        long count = 0;
        foreach (HistogramBucket bucket in point.GetHistogramBuckets())
        {
            count += bucket.BucketCount;
            string bound = $"le=\"{Number(bucket.ExplicitBound)}\"";
            Sample(text, name + "_bucket", labels.Length == 0 ? bound : labels + "," + bound, count);
        }

        Sample(text, name + "_sum", labels, point.GetHistogramSum());
        Sample(text, name + "_count", labels, point.GetHistogramCount());
    }

    private static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string LabelsOf(in ReadOnlyTagCollection tags)
    {
        var labels = new List<string>();
        foreach ((string key, object? value) in tags)
        {
            string text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
            labels.Add($"{Clean(key)}=\"{Escape(text, quotes: true)}\"");
        }

        return string.Join(',', labels);
    }

    private static string Clean(string name) =>
        string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private sealed record Family(string Type, string Help)
    {
        public StringBuilder Samples { get; } = new();
    }
}
