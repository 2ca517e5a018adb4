using System.Globalization;
using PipelineService.Access;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Figures;

/// <summary>Reads what a request says of the figures that it wants; all faults at once.</summary>
/// <param name="now">The time up to which figures are told where nothing is said.</param>
internal sealed class StatsQuery(Caller caller, DateTime now, Dictionary<string, string[]> faults)
{
    public const string Dataset = "dataset";
    public const string Source = "source";
    public const int LimitDefault = 20;
    public const int LimitMax = 1_000;

    /// <summary>Steps times groups: an answer of it has some ten megabytes.</summary>
    public const int PointsMax = 50_000;

    public static readonly TimeSpan RangeMax = TimeSpan.FromDays(31);

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RangeDefault = TimeSpan.FromHours(1);
    private static readonly string[] Groupings = [Dataset, Source];

    public StatsQuestion Read(StatsParameters given)
    {
        string[] by = By(given.By);
        DateTime to = Up(QueryTime.Parse("to", given.To, faults) ?? now);
        DateTime from = Down(QueryTime.Parse("from", given.From, faults) ?? Earlier(to, RangeDefault));
        StatsQuestion question = new(caller)
        {
            ByDataset = by.Contains(Dataset),
            BySource = by.Contains(Source),
            Datasets = DatasetsOf(given.Dataset),
            Source = given.Source,
            From = from,
            To = to,
            Step = StepOf(given.Step),
            Limit = LimitOf(given.Limit),
        };
        if (faults.Count == 0)
        {
            CheckRange(question);
        }

        return question;
    }

    public static string StepFault(string given) =>
        $"'{Excerpt.Of(given)}' is no step: that is a duration of whole minutes, from PT1M to P31D, such as PT5M or PT1H.";

    private string[] By(string[]? given)
    {
        string[] by = [.. (given ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)).Distinct()];
        string[] unknown = [.. by.Except(Groupings)];
        if (unknown.Length > 0)
        {
            faults["/by"] =
            [
                .. unknown.Take(Problem.UnknownShownMax).Select(word =>
                    $"'{Excerpt.Of(word)}' is nothing to tell figures apart by; use dataset, source, or both."
                        + Suggestion.For(word, Groupings)),
            ];
        }

        return by;
    }

    private DatasetPatterns? DatasetsOf(string? given)
    {
        if (given is null || DatasetPatterns.IsValid(given))
        {
            return given is null ? null : DatasetPatterns.Of([given]);
        }

        faults["/dataset"] =
            [$"'{Excerpt.Of(given)}' is neither the name of a dataset nor the beginning of one with a star behind (acme_*)."];
        return null;
    }

    private TimeSpan StepOf(string? given)
    {
        if (given is null)
        {
            return Minute;
        }

        if (DurationText.Parse(given) is { } step && step >= Minute && step <= RangeMax && step.Ticks % Minute.Ticks == 0)
        {
            return step;
        }

        faults["/step"] = [StepFault(given)];
        return Minute;
    }

    private int LimitOf(string? given) => QueryLimit.Parse(given, LimitDefault, LimitMax, faults);

    private void CheckRange(StatsQuestion question)
    {
        if (question.From >= question.To)
        {
            faults["/from"] = ["It must be before 'to'."];
        }
        else if (question.To - question.From > RangeMax)
        {
            faults["/from"] = [$"It is more than {RangeMax.TotalDays:0} days before 'to'; ask for less at once."];
        }
        else if ((long)question.Steps * Groups(question) > PointsMax)
        {
            faults["/step"] =
            [
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"These are {question.Steps} steps of up to {Groups(question)} groups; {PointsMax} points are told at once. ")
                    + "Ask for a longer step or a smaller limit.",
            ];
        }
    }

    private static int Groups(StatsQuestion question) => question is { ByDataset: false, BySource: false } ? 1 : question.Limit;

    private static DateTime Down(DateTime time) => new(time.Ticks - (time.Ticks % Minute.Ticks), DateTimeKind.Utc);

    private static DateTime Up(DateTime time) =>
        time.Ticks % Minute.Ticks == 0 || time > DateTime.MaxValue - Minute ? Down(time) : Down(time + Minute);

    private static DateTime Earlier(DateTime time, TimeSpan by) => time.Ticks < by.Ticks ? DateTime.UnixEpoch : time - by;
}
