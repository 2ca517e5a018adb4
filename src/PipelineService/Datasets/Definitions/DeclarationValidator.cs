using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// What a definition must fulfil that is declared now: what every one must, and what was let pass before. A version that is stored
/// means what it meant when it was declared.
/// </summary>
internal sealed class DeclarationValidator : AbstractValidator<DatasetDefinition>
{
    public DeclarationValidator()
    {
        Include(new DefinitionValidator());
        RuleFor(d => d.Schema.FieldsMatch).Must(match => match is null or FieldsMatch.Exact)
            .When(d => !d.Dialect.Header && (d.Format == DataFormat.Csv || d.Items is { AreArrays: true, Keys.IsEmpty: true }))
            .WithMessage(d => $"\"{DefinitionWords.FieldsMatches.WordFor(d.Schema.FieldsMatch)}\" goes by names, and with dialect.header: "
                + "false the data has none: leave it out. dialect.raggedRows takes records with fewer or more fields.");
    }
}
