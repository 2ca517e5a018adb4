using System.Globalization;
using FluentValidation;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Datasets.Definitions;

/// <summary>A field's form, and the encoder's word on what is not at fault by its form.</summary>
internal sealed class FieldValidator : AbstractValidator<FieldDefinition>
{
    public FieldValidator(bool hasLineage)
    {
        FieldFormValidator form = new(hasLineage);
        Include(form);
        RuleFor(f => f).Custom((field, context) =>
        {
            HashSet<string> known = [.. form.Validate(field).Errors.Select(e => e.PropertyName)];
            if (known.All(IsNameOrConstraint))
            {
                IEnumerable<FieldFault> more =
                    FieldCapabilities.FaultsOf(field).Where(fault => !IsKnown(fault, known)).Take(DefinitionFaults.CountMax);
                foreach (FieldFault fault in more)
                {
                    context.AddFailure(PathOf(fault), fault.Sentence);
                }
            }
        });
    }

    /// <summary>Without a type and its marks there is nothing that the encoder could judge by.</summary>
    private static bool IsNameOrConstraint(string path) =>
        path is nameof(FieldDefinition.Name) or nameof(FieldDefinition.Source) || IsConstraint(path);

    private static bool IsConstraint(string path) =>
        path.StartsWith(nameof(FieldDefinition.Constraints), StringComparison.Ordinal)
        || path.StartsWith(nameof(FieldDefinition.Categories), StringComparison.Ordinal);

    /// <summary>Bounds that exclude each other are found by the form too, and each other fault of several constraints.</summary>
    private static bool IsKnown(FieldFault fault, HashSet<string> known) =>
        fault.Place is null ? known.Any(IsConstraint) : known.Contains(PathOf(fault with { Member = null }));

    private static string PathOf(FieldFault fault) => string.Concat(
        fault.Place ?? nameof(FieldDefinition.Constraints),
        fault.Member is int member ? string.Create(CultureInfo.InvariantCulture, $"[{member}]") : "");
}
