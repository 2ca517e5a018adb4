using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>What can be said of a field without compiling it.</summary>
internal sealed class FieldFormValidator : AbstractValidator<FieldDefinition>
{
    public FieldFormValidator(bool hasLineage)
    {
        RuleFor(f => f.Name).Custom((name, context) =>
        {
            if (IdentifierRules.FaultOfColumn(name, hasLineage) is string fault)
            {
                context.AddFailure(fault);
            }
        });
        RuleFor(f => f.Source).NotEqual("").WithMessage("Must not be empty.");
        RuleFor(f => f.Format).Custom((_, context) =>
        {
            if (FieldCapabilities.FaultOfFormat(context.InstanceToValidate) is string fault)
            {
                context.AddFailure(fault);
            }
        });
        RuleFor(f => f.Delimiter).NotEmpty().WithMessage("Must not be empty.");
        RuleFor(f => f.SqlType).Must((field, type) => FieldCapabilities.IsAllowed(field, type!))
            .When(f => f.SqlType is not null)
            .WithMessage(f =>
                $"A field of type {DefinitionWords.FieldTypes.WordFor(f.Type)} cannot be stored as {f.SqlType}:"
                + $" use one of {FieldCapabilities.AllowedSqlTypes(f)}.");
        RuleFor(f => f.DecimalChar).NotEmpty().WithMessage("Must not be empty.");
        RuleFor(f => f.GroupChar).NotEqual("").WithMessage("Must not be empty.");
        RuleFor(f => f.GroupChar).NotEqual(f => f.DecimalChar).When(f => f.Type == FieldType.Number)
            .WithMessage("Must differ from decimalChar.");
        RuleFor(f => f.TrueValues).Must(values => values.Length > 0).WithMessage("Must have at least one text.");
        RuleFor(f => f.FalseValues).Must(values => values.Length > 0).WithMessage("Must have at least one text.");
        RuleFor(f => f.FalseValues).Must((field, values) => !values.Intersect(field.TrueValues).Any())
            .WithMessage("A text cannot mean both true and false.");
        RuleFor(f => f.Constraints).SetValidator(f => new ConstraintsValidator(f.Type, f.Format));
    }
}
