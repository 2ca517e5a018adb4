using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>Reads <c>quality</c>: what the rows of an upload must be like.</summary>
internal static class QualityReader
{
    public const string Source = "source", Weekday = "weekday";

    /// <summary>What rises by more than this has changed its meaning.</summary>
    public const double RiseLimit = 1_000_000;

    private const string Metric = "metric", Field = "field", FallMax = "fallMax", RiseMax = "riseMax", Min = "min", Max = "max",
        Profile = "profile", By = "by";

    private static readonly ImmutableArray<(string Word, QualityMetric? Value)> Metrics =
        [.. DefinitionWords.Metrics.Select(metric => (metric.Word, (QualityMetric?)metric.Value))];

    /// <summary>
    /// Whether profiles are asked for. The standard has a property of this name, a text, which says nothing about loading.
    /// </summary>
    /// <param name="isNeeded">Whether rules need them.</param>
    public static bool ReadProfile(ObjectReader resource, bool isNeeded)
    {
        if (!resource.TryGet(Profile, out JsonElement value) || value.ValueKind == JsonValueKind.String)
        {
            return false;
        }

        bool isAsked = resource.Boolean(Profile, otherwise: false);
        if (isNeeded && value.ValueKind == JsonValueKind.False)
        {
            resource.Fault(Profile, "The quality rules need profiles: leave it out.");
        }

        return isAsked;
    }

    /// <param name="definition">All but this: its columns are known.</param>
    public static QualityPolicy? Read(ObjectReader resource, DatasetDefinition definition, DefinitionFaults faults)
    {
        if (resource.Object("quality") is not ObjectReader quality)
        {
            return null;
        }

        ObjectReader? baseline = quality.Object("baseline");
        long jobs = baseline?.Count("jobs", QualityPolicy.JobsMax) ?? QualityPolicy.JobsDefault;
        if (jobs < 2)
        {
            baseline!.Fault("jobs", $"Must be 2 to {QualityPolicy.JobsMax}: one job alone says nothing about what is usual.");
        }

        ImmutableArray<string> by = ReadBy(baseline, faults);
        BreachAction onBreach = quality.Choice("onBreach", DefinitionWords.BreachActions, BreachAction.Warn);
        if (onBreach != BreachAction.Warn && definition.Load.Commit == CommitPolicy.Chunk)
        {
            quality.Fault(
                "onBreach",
                "With load.commit \"chunk\" rows are visible before all of them were looked at: use \"warn\", or load.commit \"job\".");
        }

        ImmutableArray<QualityRule> rules = ReadRules(quality, definition, faults);
        baseline?.Finish();
        quality.Finish();
        return new QualityPolicy((int)jobs, by.Contains(Source), by.Contains(Weekday), rules, onBreach);
    }

    private static ImmutableArray<string> ReadBy(ObjectReader? baseline, DefinitionFaults faults)
    {
        if (baseline is null || !baseline.TryGet(By, out _))
        {
            return [Source, Weekday];
        }

        ImmutableArray<string> by = baseline.Items(By, (element, pointer) =>
        {
            string? word = baseline.TextOf(element, pointer);
            if (word is null or Source or Weekday)
            {
                return word;
            }

            faults.Add(pointer, $"\"{Excerpt.Of(word)}\" is not known here: use {Source} or {Weekday}.");
            return null;
        });
        return by.IsDefault ? [Source, Weekday] : by;
    }

    private static ImmutableArray<QualityRule> ReadRules(ObjectReader quality, DatasetDefinition definition, DefinitionFaults faults)
    {
        const string Rules = "rules";
        IReadOnlyDictionary<string, FieldDefinition> columns = definition.Columns
            .DistinctBy(column => column.Name, StringComparer.Ordinal).ToDictionary(column => column.Name, StringComparer.Ordinal);
        IReadOnlySet<string> personal = definition.PersonalColumns();
        ImmutableArray<QualityRule> rules =
            quality.Items(Rules, (element, pointer) => ReadRule(element, pointer, columns, personal, faults));
        if (!quality.TryGet(Rules, out JsonElement said))
        {
            quality.Fault(Rules, "Is missing: without rules nothing is asked. For profiles alone, say \"profile\": true.");
        }
        else if (said.ValueKind == JsonValueKind.Array && said.GetArrayLength() is 0 or > QualityPolicy.RulesMax)
        {
            quality.Fault(Rules, $"Must have 1 to {QualityPolicy.RulesMax} rules.");
        }

        return rules.IsDefault ? [] : rules;
    }

    private static QualityRule? ReadRule(
        JsonElement element, string pointer, IReadOnlyDictionary<string, FieldDefinition> columns, IReadOnlySet<string> personal,
        DefinitionFaults faults)
    {
        if (ObjectReader.Open(element, pointer, faults) is not ObjectReader rule)
        {
            return null;
        }

        if (!rule.TryGet(Metric, out _))
        {
            rule.Fault(Metric, $"Is missing: one of {string.Join(", ", DefinitionWords.Metrics.Select(metric => metric.Word))}.");
        }

        QualityMetric? metric = rule.Choice(Metric, Metrics, null);
        string? field = rule.Text(Field);
        if (metric is { } known)
        {
            CheckField(rule, known, field, columns, personal);
        }

        double? fall = Number(rule, FallMax, 0, 1), rise = Number(rule, RiseMax, 0, RiseLimit);
        double? least = Number(rule, Min, double.MinValue, double.MaxValue), most = Number(rule, Max, double.MinValue, double.MaxValue);
        if (metric == QualityMetric.NewValues)
        {
            CheckNewValues(rule, most);
        }
        else if (!Array.Exists([FallMax, RiseMax, Min, Max], name => rule.TryGet(name, out _)))
        {
            faults.Add(pointer, $"Has no bound: say {FallMax}, {RiseMax}, {Min} or {Max}.");
        }
        else if (least > most)
        {
            rule.Fault(Min, $"Must not be above {Max}.");
        }

        rule.Finish();
        return metric is null ? null : new QualityRule(metric.Value, field, fall, rise, least, most);
    }

    private static void CheckNewValues(ObjectReader rule, double? most)
    {
        foreach (string name in (string[])[FallMax, RiseMax, Min])
        {
            if (rule.TryGet(name, out _))
            {
                rule.Fault(name, $"newValues has {Max} alone: how many are borne.");
            }
        }

        if (!rule.TryGet(Max, out _))
        {
            rule.Fault(Max, "Is missing: how many new values are borne, 0 or more.");
        }
        else if (most < 0)
        {
            rule.Fault(Max, "Must be 0 or more.");
        }
    }

    private static void CheckField(
        ObjectReader rule, QualityMetric metric, string? field, IReadOnlyDictionary<string, FieldDefinition> columns,
        IReadOnlySet<string> personal)
    {
        bool isOfJob = metric is QualityMetric.Rows or QualityMetric.RejectRatio;
        if (field is null)
        {
            if (!isOfJob && !rule.TryGet(Field, out _))
            {
                rule.Fault(Field, "Is missing: the field that the rule is about.");
            }
        }
        else if (isOfJob)
        {
            rule.Fault(Field, "It is a figure of the job: leave the field out.");
        }
        else if (!columns.TryGetValue(field, out FieldDefinition? column))
        {
            if (columns.Count > 0)
            {
                rule.Fault(Field, $"\"{Excerpt.Of(field)}\" is not the name of a field.{rule.Near(field, columns.Keys)}");
            }
        }
        else if (personal.Contains(field) && metric is not (QualityMetric.NullRatio or QualityMetric.Distinct))
        {
            rule.Fault(
                Field,
                $"\"{Excerpt.Of(field)}\" holds personal data, of which no values are kept: only nullRatio and distinct are known of it.");
        }
        else if (WantedBy(metric) is { } wanted && !wanted.Types.Contains(column.SentType.Name))
        {
            rule.Fault(Field, $"Must be {wanted.Words}, and the column \"{Excerpt.Of(field)}\" is of type {column.SentType}.");
        }
    }

    /// <summary>The columns that have a figure; null: all.</summary>
    private static (SqlTypeName[] Types, string Words)? WantedBy(QualityMetric metric) => metric switch
    {
        QualityMetric.Mean or QualityMetric.Min or QualityMetric.Max or QualityMetric.Sum => (
            [
                SqlTypeName.SmallInt, SqlTypeName.Integer, SqlTypeName.BigInt, SqlTypeName.Numeric, SqlTypeName.Real,
                SqlTypeName.DoublePrecision,
            ],
            "a number"),
        QualityMetric.MeanLength => ([SqlTypeName.Text, SqlTypeName.Varchar], "a text"),
        QualityMetric.NewValues => (
            [
                SqlTypeName.Text, SqlTypeName.Varchar, SqlTypeName.SmallInt, SqlTypeName.Integer, SqlTypeName.BigInt, SqlTypeName.Boolean,
                SqlTypeName.Date, SqlTypeName.Uuid,
            ],
            "a text, a whole number, a boolean or a date"),
        _ => null,
    };

    private static double? Number(ObjectReader rule, string name, double min, double max)
    {
        if (!rule.TryGet(name, out JsonElement value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number)
            && number >= min && number <= max)
        {
            return number;
        }

        rule.Fault(name, min == double.MinValue ? "Must be a number." : $"Must be a number from {min:0} to {max:0}.");
        return null;
    }
}
