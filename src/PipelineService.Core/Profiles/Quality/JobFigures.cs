using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using PipelineService.Core.Datasets;

namespace PipelineService.Core.Profiles.Quality;

/// <summary>The figures of a job that rules compare: few enough to be kept for long.</summary>
/// <param name="Rows">Rows that were loaded.</param>
/// <param name="Read">Records that were read.</param>
/// <param name="Rejected">Those of them that were rejected.</param>
/// <param name="Fields">By the names of the columns.</param>
public sealed record JobFigures(long Rows, long Read, long Rejected, IReadOnlyDictionary<string, FieldFigures> Fields)
{
    /// <param name="profile">Of its rows.</param>
    public static JobFigures Of(JobProfile profile, long rows, long read, long rejected) => new(
        rows, read, rejected, profile.Columns.ToImmutableDictionary(column => column.Field.Name, FieldFigures.Of));

    /// <summary>The value of a figure.</summary>
    /// <returns>Null where the job has none: the mean of no values, say.</returns>
    public double? ValueOf(QualityRule rule)
    {
        FieldFigures? field = rule.Field is null ? null : Fields.GetValueOrDefault(rule.Field);
        return rule.Metric switch
        {
            QualityMetric.Rows => Rows,
            QualityMetric.RejectRatio => Read > 0 ? (double)Rejected / Read : 0,
            QualityMetric.NullRatio => field?.NullRatio,
            QualityMetric.Distinct => field?.Distinct,
            QualityMetric.Mean => field?.Mean,
            QualityMetric.Min => field?.Min,
            QualityMetric.Max => field?.Max,
            QualityMetric.Sum => field?.Sum,
            QualityMetric.MeanLength => field?.MeanLength,
            _ => null,
        };
    }
}

/// <summary>The figures of a column.</summary>
/// <param name="Known">Its different values; null where nobody asks for them, or they are too many.</param>
public sealed record FieldFigures(
    long Values,
    long Nulls,
    double Distinct,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Mean,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Min,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Max,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Sum,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? MeanLength,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Known)
{
    [JsonIgnore]
    public double? NullRatio => Values + Nulls > 0 ? (double)Nulls / (Values + Nulls) : null;

    internal static FieldFigures Of(ColumnProfile column)
    {
        (byte[]? least, byte[]? greatest) = column.Extremes;
        bool isNumber = column.Sum is not null || column.Mean is not null;
        return new FieldFigures(
            column.Values,
            column.Nulls,
            Math.Round(column.Distinct, 3),
            column.Mean,
            isNumber && least is not null ? NumberOf(column.TextOf(least)) : null,
            isNumber && greatest is not null ? NumberOf(column.TextOf(greatest)) : null,
            column.Sum is { } sum ? NumberOf(sum) : null,
            column.Lengths is { } lengths && !column.IsHidden ? (double)lengths.Sum / column.Values : null,
            column.Remembered is { IsComplete: true } known
                ? [.. known.Values.Select(value => KnownValue.TextOf(value, column.TextOf)).Order(StringComparer.Ordinal)]
                : null);
    }

    /// <summary>As near as JSON numbers can be; none that has no end.</summary>
    private static double? NumberOf(string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : null;
}
