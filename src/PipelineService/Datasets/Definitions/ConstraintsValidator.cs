using System.Globalization;
using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>Whether the constraints of a field apply to its type and leave any value at all.</summary>
internal sealed class ConstraintsValidator : AbstractValidator<FieldConstraints>
{
    public ConstraintsValidator(FieldType type, string format = FieldFormats.Default)
    {
        bool isNumeric = type is FieldType.Number or FieldType.Integer or FieldType.Year;
        bool isTemporal = FieldFormats.TakesPattern(type);
        bool hasOrder = isNumeric || isTemporal || type is FieldType.YearMonth or FieldType.Duration;
        bool hasLength = type is FieldType.String or FieldType.Object or FieldType.Array or FieldType.List or FieldType.GeoJson;
        string word = DefinitionWords.FieldTypes.WordFor(type);
        string doesNotApply = $"Does not apply to fields of type {word}.";

        RuleFor(c => c.Minimum).Null().Unless(_ => hasOrder).WithMessage(doesNotApply);
        RuleFor(c => c.Maximum).Null().Unless(_ => hasOrder).WithMessage(doesNotApply);
        RuleFor(c => c.ExclusiveMinimum).Null().Unless(_ => hasOrder).WithMessage(doesNotApply);
        RuleFor(c => c.ExclusiveMaximum).Null().Unless(_ => hasOrder).WithMessage(doesNotApply);
        RuleFor(c => c.MinLength).Null().Unless(_ => hasLength).WithMessage(doesNotApply);
        RuleFor(c => c.MaxLength).Null().Unless(_ => hasLength).WithMessage(doesNotApply);
        RuleFor(c => c.Pattern).Null().Unless(_ => type == FieldType.String).WithMessage(doesNotApply);
        RuleFor(c => c.JsonSchema).Null().Unless(_ => type is FieldType.Object or FieldType.Array).WithMessage(doesNotApply);
        RuleFor(c => c.Enum).Must(members => members.Length == members.Distinct().Count())
            .WithMessage("Has the same member more than once.");
        RuleFor(c => c.Maximum).Must((c, _) => !IsReversed(c.Minimum, c.Maximum, isNumeric))
            .When(_ => isNumeric || (isTemporal && format == FieldFormats.Default))
            .WithMessage("Is less than minimum: no value could pass.");
        RuleFor(c => c.MaxLength).Must((c, max) => max >= c.MinLength).When(c => c.MaxLength is not null && c.MinLength is not null)
            .WithMessage("Is less than minLength: no value could pass.");
    }

    /// <summary>
    /// Whether the bounds surely exclude every value. Bounds that only the field's own parser understands are not judged
    /// here.
    /// </summary>
    private static bool IsReversed(string? minimum, string? maximum, bool isNumeric) => isNumeric
        ? decimal.TryParse(minimum, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal low)
            && decimal.TryParse(maximum, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal high)
            && low > high
        : TryParseInstant(minimum, out DateTime start)
            && TryParseInstant(maximum, out DateTime end)
            && start > end;

    private static bool TryParseInstant(string? text, out DateTime instant) => DateTime.TryParse(
        text,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal | DateTimeStyles.NoCurrentDateDefault,
        out instant);
}
