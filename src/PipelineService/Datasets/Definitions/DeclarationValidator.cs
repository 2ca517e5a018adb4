using System.Globalization;
using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// What a definition must fulfil that is declared now: what every one must, and what was let pass before. A version that is stored
/// means what it meant when it was declared.
/// </summary>
internal sealed class DeclarationValidator : AbstractValidator<DatasetDefinition>
{
    /// <summary>Each is an index, or a lock on another table, that every row pays for.</summary>
    private const int KeysMax = 100;

    public DeclarationValidator()
    {
        Include(new DefinitionValidator());
        RuleFor(d => d.Schema.FieldsMatch).Must(match => match is null or FieldsMatch.Exact)
            .When(d => !d.Dialect.Header && (d.Format == DataFormat.Csv || d.Items is { AreArrays: true, Keys.IsEmpty: true }))
            .WithMessage(d => $"\"{DefinitionWords.FieldsMatches.WordFor(d.Schema.FieldsMatch)}\" goes by names, and with dialect.header: "
                + "false the data has none: leave it out. dialect.raggedRows takes records with fewer or more fields.");
        RuleFor(d => d.Schema.UniqueKeys).Must(keys => keys.Length <= KeysMax).WithMessage($"There must be at most {KeysMax} of them.");
        RuleFor(d => d.Schema.ForeignKeys).Must(keys => keys.Length <= KeysMax).WithMessage($"There must be at most {KeysMax} of them.");
        RuleFor(d => d).Custom(static (definition, context) =>
        {
            for (int i = 0; i < definition.Schema.Fields.Length; i++)
            {
                if (FaultOfPath(definition.Schema.Fields[i], definition) is string fault)
                {
                    context.AddFailure(
                        string.Create(CultureInfo.InvariantCulture, $"Schema.Fields[{i}].Path"), fault);
                }
            }
        });
    }

    /// <summary>Why a field's path leads nowhere; null where it may lead to a value.</summary>
    private static string? FaultOfPath(FieldDefinition field, DatasetDefinition definition) => field.Path is null ? null
        : !FormatTable.Of(definition.Format).IsJson
            ? $"Leads through records of JSON, and the format is \"{DefinitionWords.Formats.WordFor(definition.Format)}\": set format to \"json\" or \"ndjson\", or leave it out."
        : definition.Items.AreArrays ? "Leads through objects, and by dialect.itemType records are arrays: leave one of them out."
        : !definition.Items.Keys.IsEmpty ? "Says what is read, as dialect.itemKeys does: leave one of them out."
        : definition.Schema.IsRest(field) ? "Belongs to the field of schema.rest, which takes what no field reads: leave it out."
        : field.Path.IsOfDocument && definition.Items.Path is null
            ? "Begins at the document (^) that has the record among its items, and dialect.items says of none: set it, or leave the ^ out."
        : null;
}
