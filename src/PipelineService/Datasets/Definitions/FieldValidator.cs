using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>A field's form, and where nothing is wrong with that, the encoder's word on the rest.</summary>
internal sealed class FieldValidator : AbstractValidator<FieldDefinition>
{
    public FieldValidator(bool hasLineage)
    {
        FieldFormValidator form = new(hasLineage);
        Include(form);
        RuleFor(f => f).Custom((field, context) =>
        {
            if (form.Validate(field).IsValid && !FieldCapabilities.TryValidate(field, out string? fault))
            {
                context.AddFailure(nameof(FieldDefinition.Constraints), fault!);
            }
        });
    }
}
