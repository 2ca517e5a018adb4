using System.Text.RegularExpressions;

namespace PipelineService.Tests.Figures;

/// <summary>
/// The part of Prometheus' language that our rules and dashboard use. Whatever is not of it, a name that is mistyped included, is an
/// exception: promtool, where it is, knows the rest.
/// </summary>
internal abstract record PromExpression
{
    public abstract PromValue Evaluate(PromSeries series);

    /// <summary>All parts of it, itself included.</summary>
    public abstract IEnumerable<PromExpression> Parts { get; }

    public static PromExpression Parse(string text) => new PromParser(text).Whole();
}

internal sealed record PromNumber(double Number) : PromExpression
{
    public override IEnumerable<PromExpression> Parts => [this];

    public override PromValue Evaluate(PromSeries series) => PromValue.Of(Number);
}

/// <param name="Operator">One of <c>= != =~ !~</c>.</param>
internal sealed record PromMatcher(string Label, string Operator, string Text)
{
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        string value = labels.GetValueOrDefault(Label, "");
        bool isMatch = Operator.Contains('~', StringComparison.Ordinal)
            ? Regex.IsMatch(value, $"^(?:{Text})$", RegexOptions.NonBacktracking)
            : value == Text;
        return isMatch != Operator.StartsWith('!');
    }
}

/// <param name="Range">Null: of a moment.</param>
internal sealed record PromSelector(string Name, PromMatcher[] Matchers, TimeSpan? Range, bool HasOffset) : PromExpression
{
    public override IEnumerable<PromExpression> Parts => [this];

    public override PromValue Evaluate(PromSeries series) =>
        series.Rules.TryGetValue(Name, out PromExpression? rule)
            ? rule.Evaluate(HasOffset ? series.Earlier : series)
            : PromValue.Of(Find(series, HasOffset));

    public IEnumerable<PromSample> Find(PromSeries series, bool isEarlier = false) =>
        series.Find(Name, labels => Matchers.All(matcher => matcher.Matches(labels)), isEarlier);
}

internal sealed record PromCall(string Function, PromExpression[] Arguments) : PromExpression
{
    public override IEnumerable<PromExpression> Parts => Arguments.SelectMany(argument => argument.Parts).Prepend(this);

    public override PromValue Evaluate(PromSeries series) => Function switch
    {
        "vector" => PromValue.Of([new PromSample(new Dictionary<string, string>(), Arguments[0].Evaluate(series).Number)]),
        "rate" => PromValue.Of(Changes(series, (_, change) => change / series.Seconds)),
        "increase" => PromValue.Of(Changes(series, (_, change) => change * Of(0).Range!.Value.TotalSeconds / series.Seconds)),
        "predict_linear" => PromValue.Of(
            Changes(series, (now, change) => now + (change / series.Seconds * Arguments[1].Evaluate(series).Number))),
        "histogram_quantile" => Quantile(Arguments[0].Evaluate(series).Number, Arguments[1].Evaluate(series)),
        _ => throw new FormatException($"There is no function {Function}."),
    };

    private PromSelector Of(int argument) => Arguments[argument] is PromSelector { Range: not null } selector
        ? selector
        : throw new FormatException($"{Function} takes a range.");

    /// <summary>Of series that were there before: the first value of one that comes into being is no change.</summary>
    private IEnumerable<PromSample> Changes(PromSeries series, Func<double, double, double> made) =>
        from now in Of(0).Find(series)
        join before in Of(0).Find(series, isEarlier: true) on now.Key equals before.Key
        select now with { Value = made(now.Value, now.Value - before.Value) };

    /// <summary>The bound of the bucket, without the line between two bounds that Prometheus draws.</summary>
    private static PromValue Quantile(double share, PromValue buckets) => PromValue.Of(
        from bucket in buckets.Samples
        group bucket by new PromSample(bucket.Labels.Where(label => label.Key != "le").ToDictionary(), 0).Key into histogram
        let ordered = histogram.OrderBy(bucket => Bound(bucket)).ToArray()
        let found = ordered.FirstOrDefault(bucket => bucket.Value >= share * ordered[^1].Value)
        select new PromSample(found!.Labels.Where(label => label.Key != "le").ToDictionary(), Bound(found)));

    private static double Bound(PromSample bucket) => bucket.Labels["le"] == "+Inf"
        ? double.PositiveInfinity
        : double.Parse(bucket.Labels["le"], System.Globalization.CultureInfo.InvariantCulture);
}

internal sealed record PromAggregate(string Function, string[] By, PromExpression Inner) : PromExpression
{
    public override IEnumerable<PromExpression> Parts => Inner.Parts.Prepend(this);

    public override PromValue Evaluate(PromSeries series) => PromValue.Of(
        from sample in Inner.Evaluate(series).Samples
        let kept = sample with { Labels = sample.Labels.Where(label => By.Contains(label.Key)).ToDictionary() }
        group kept by kept.Key into same
        let values = same.Select(sample => sample.Value)
        select same.First() with
        {
            Value = Function switch
            {
                "sum" => values.Sum(),
                "max" => values.Max(),
                "min" => values.Min(),
                _ => throw new FormatException($"There is no {Function}."),
            },
        });
}

internal sealed record PromBinary(string Operator, PromExpression Left, PromExpression Right) : PromExpression
{
    public override IEnumerable<PromExpression> Parts => [this, .. Left.Parts, .. Right.Parts];

    public override PromValue Evaluate(PromSeries series)
    {
        (PromValue left, PromValue right) = (Left.Evaluate(series), Right.Evaluate(series));
        if (Operator is "and" or "or")
        {
            HashSet<string> keys = [.. (Operator == "and" ? right : left).Samples.Select(sample => sample.Key)];
            return PromValue.Of(Operator == "and"
                ? left.Samples.Where(sample => keys.Contains(sample.Key))
                : left.Samples.Concat(right.Samples.Where(sample => !keys.Contains(sample.Key))));
        }

        if (left.IsNumber && right.IsNumber)
        {
            return PromValue.Of(Calculate(left.Number, right.Number) ?? throw new FormatException("Numbers are not compared."));
        }

        return PromValue.Of(
            from pair in left.IsNumber ? right.Samples.Select(sample => (Labels: sample, Left: left.Number, Right: sample.Value))
                : right.IsNumber ? left.Samples.Select(sample => (Labels: sample, Left: sample.Value, Right: right.Number))
                : left.Samples.Join(right.Samples, a => a.Key, b => b.Key, (a, b) => (Labels: a, Left: a.Value, Right: b.Value))
            let result = Calculate(pair.Left, pair.Right)
            where result is not null
            select pair.Labels with { Value = result.Value });
    }

    /// <returns>Null: a comparison that does not hold, by which the sample goes.</returns>
    private double? Calculate(double left, double right) => Operator switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        ">" => left > right ? left : null,
        "<" => left < right ? left : null,
        ">=" => left >= right ? left : null,
        "==" => left == right ? left : null,
        _ => throw new FormatException($"There is no operator {Operator}."),
    };
}
