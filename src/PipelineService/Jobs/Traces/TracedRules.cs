using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Tracing;

namespace PipelineService.Jobs.Traces;

/// <summary>The rules of a column, and what each says of a value.</summary>
internal static class TracedRules
{
    private const string Passed = "passed", Failed = "failed", Skipped = "skipped", NotKnown = "not_known";

    public static string OutcomeOf(TracedColumn column) =>
        !column.IsSettled ? NotKnown : column.Code == RecordErrorCode.None ? Passed : Failed;

    /// <summary>In the order in which they are looked at.</summary>
    public static IReadOnlyList<TracedRuleView> Of(TracedColumn column)
    {
        bool hasValue = column.Stored?.Bytes is not null || (column.Code is not (RecordErrorCode.None or RecordErrorCode.Required));
        RecordErrorCode[] ofRules = [.. RulesOf(column.Column.Field).Select(rule => rule.Code)];
        List<TracedRuleView> rules = [];
        foreach ((string word, RecordErrorCode code, string demand) in RulesOf(column.Column.Field))
        {
            // A value of another type, or one that no other rule refuses, is refused by the first of them.
            bool isOther = column.Code != RecordErrorCode.None && !ofRules.Contains(column.Code);
            bool isFault = code == column.Code || (isOther && code == RecordErrorCode.TypeMismatch);
            bool isBefore = code is RecordErrorCode.Required or RecordErrorCode.TypeMismatch;
            rules.Add(new TracedRuleView(
                word,
                demand,
                !column.IsSettled ? NotKnown
                : isFault ? Failed
                : !hasValue ? (code == RecordErrorCode.Required ? Passed : Skipped)
                : column.Code == RecordErrorCode.None || isBefore ? Passed
                : Skipped));
        }

        return rules;
    }

    private static IEnumerable<(string Word, RecordErrorCode Code, string Demand)> RulesOf(FieldDefinition field)
    {
        FieldConstraints constraints = field.Constraints;
        if (constraints.Required)
        {
            yield return ("required", RecordErrorCode.Required, "true");
        }

        yield return ("type", RecordErrorCode.TypeMismatch, $"{field.Type.ToString().ToLowerInvariant()} as {field.ColumnType}");
        (string, RecordErrorCode, string?)[] others =
        [
            ("enum", RecordErrorCode.Enum, field.Members.IsEmpty ? null : ErrorMessages.For(field, RecordErrorCode.Enum)),
            ("minimum", RecordErrorCode.Minimum, constraints.Minimum),
            ("maximum", RecordErrorCode.Maximum, constraints.Maximum),
            ("exclusiveMinimum", RecordErrorCode.ExclusiveMinimum, constraints.ExclusiveMinimum),
            ("exclusiveMaximum", RecordErrorCode.ExclusiveMaximum, constraints.ExclusiveMaximum),
            ("minLength", RecordErrorCode.MinLength, constraints.MinLength?.ToString(CultureInfo.InvariantCulture)),
            ("maxLength", RecordErrorCode.MaxLength, constraints.MaxLength?.ToString(CultureInfo.InvariantCulture)),
            ("pattern", RecordErrorCode.Pattern, constraints.Pattern),
            ("jsonSchema", RecordErrorCode.JsonSchema, constraints.JsonSchema is null ? null : "the field's JSON Schema"),
        ];
        foreach ((string word, RecordErrorCode code, string? demand) in others)
        {
            if (demand is not null)
            {
                yield return (word, code, Excerpt.Of(demand));
            }
        }
    }
}
