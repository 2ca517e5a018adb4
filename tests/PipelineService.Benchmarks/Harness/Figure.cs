using System.Globalization;

namespace PipelineService.Benchmarks.Harness;

/// <summary>What a measure comes to in one number, of each build, and what it should come to.</summary>
/// <param name="Measure">What was measured, and against what.</param>
/// <param name="Unit">What stands behind the number; a ratio to the yardstick has <c>×</c>.</param>
/// <param name="Values">Of each build, the older one first.</param>
internal sealed record Figure(string Measure, string Unit, IReadOnlyList<double> Values, Goal Goal)
{
    private double After => Values[^1];

    private double? Before => Values.Count > 1 ? Values[0] : null;

    /// <summary>
    /// A table of all of them: of each build, the one against the other, the goal and whether it is reached.
    /// </summary>
    public static void Write(Report report, IReadOnlyList<ServiceBuild> builds, IEnumerable<Figure> figures)
    {
        string[] comparison = builds.Count > 1 ? ["after / before"] : [];
        report.Table(["measure", .. builds.Select(b => b.Name), .. comparison, "goal", "reached"]);
        foreach (Figure figure in figures)
        {
            string[] ratio = figure.Before is { } before ? [before > 0 ? Text(figure.After / before, "×") : ""] : [];
            string reached = figure.Goal.IsReached(figure.After, figure.Before) switch
            {
                true => "yes",
                false => "no",
                null => "",
            };
            IEnumerable<string> values = figure.Values.Select(v => Text(v, figure.Unit));
            report.Row([figure.Measure, .. values, .. ratio, figure.Goal.Words, reached]);
        }
    }

    /// <summary>Three digits that count: 0.583 ×, 28.3 ms, 343 MB.</summary>
    private static string Text(double value, string unit)
    {
        string digits = Math.Abs(value) switch
        {
            >= 100 or 0 => "N0",
            >= 10 => "F1",
            >= 1 => "F2",
            _ => "F3",
        };
        return $"{value.ToString(digits, CultureInfo.InvariantCulture)} {unit}".TrimEnd();
    }
}

/// <summary>What a measure should come to.</summary>
/// <param name="Words">As the report says it.</param>
/// <param name="IsReached">By the value of this build and the one of the build before; null when that is wanted and
/// missing.</param>
internal sealed record Goal(string Words, Func<double, double?, bool?> IsReached)
{
    public static Goal AtMost(double bound, string unit) => new(Say("≤", bound, unit), (after, _) => after <= bound);

    public static Goal AtLeast(double bound, string unit) => new(Say("≥", bound, unit), (after, _) => after >= bound);

    public static Goal AtLeastTimesBefore(double factor) =>
        new(Say("≥", factor, "× before"), (after, before) => after >= factor * before);

    public static Goal AtMostTimesBefore(double factor) =>
        new(Say("≤", factor, "× before"), (after, before) => after <= factor * before);

    private static string Say(string relation, double bound, string unit) =>
        $"{relation} {bound.ToString(CultureInfo.InvariantCulture)} {unit}".TrimEnd();
}
