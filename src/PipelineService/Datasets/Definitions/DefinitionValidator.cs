using FluentValidation;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// What every definition must fulfil to mean something, a stored one too: what is asked here that was not before would take datasets
/// out of service. That belongs to <see cref="DeclarationValidator"/>. Property paths turn into JSON pointers, see
/// <see cref="JsonPointer.FromPropertyPath"/>.
/// </summary>
internal sealed class DefinitionValidator : AbstractValidator<DatasetDefinition>
{
    public DefinitionValidator()
    {
        RuleFor(d => d.Dialect).SetValidator(new DialectValidator());
        RuleFor(d => d.Schema).SetValidator(d => new TableSchemaValidator(d.Load.Lineage));
        RuleFor(d => d.Load).SetValidator(new LoadPolicyValidator());
        RuleFor(d => d.Rejects).SetValidator(new RejectLimitsValidator());
        RuleFor(d => d.Schema).Custom((schema, context) => FindNamesAlike(schema, context.AddFailure))
            .When(d => d.Dialect is { Header: true, HeaderMatch: HeaderMatch.CaseInsensitive });
    }

    /// <summary>Names that only case and blanks tell apart are one where headers match without these.</summary>
    private static void FindNamesAlike(TableSchema schema, Action<string, string> found)
    {
        Dictionary<string, int> firsts = new(StringComparer.Ordinal);
        for (int index = 0; index < schema.Fields.Length; index++)
        {
            FieldDefinition field = schema.Fields[index];
            string key = HeaderNames.KeyOf(field.NameInData);
            if (!schema.IsRest(field) && !firsts.TryAdd(key, index) && schema.Fields[firsts[key]].NameInData != field.NameInData)
            {
                found(
                    $"Schema.Fields[{index}].{(field.Source is null ? "Name" : "Source")}",
                    $"Is the name of field {firsts[key]} but for case or blanks, which dialect.headerMatch takes for the same.");
            }
        }
    }
}

internal sealed class LoadPolicyValidator : AbstractValidator<LoadPolicy>
{
    private static readonly TimeSpan KeepUploadMin = TimeSpan.FromMinutes(1), KeepUploadMax = TimeSpan.FromDays(3_650);

    public LoadPolicyValidator()
    {
        RuleFor(l => l.Table).Custom((table, context) =>
        {
            if (IdentifierRules.FaultOf(table.Schema) is string schemaFault)
            {
                context.AddFailure($"The schema's name {schemaFault}");
            }

            if (IdentifierRules.FaultOf(table.Name) is string nameFault)
            {
                context.AddFailure($"The table's name {nameFault}");
            }

            if (IdentifierRules.IsReservedSchema(table.Schema))
            {
                context.AddFailure($"The schema \"{table.Schema}\" belongs to the service or to PostgreSQL: use another.");
            }
        });
        RuleFor(l => l.KeepUpload).InclusiveBetween(KeepUploadMin, KeepUploadMax)
            .WithMessage("Must be a minute (PT1M) to ten years (P3650D); leave it out to keep nothing.");
    }
}

internal sealed class RejectLimitsValidator : AbstractValidator<RejectLimits>
{
    public RejectLimitsValidator()
    {
        RuleFor(r => r.MaxCount).GreaterThanOrEqualTo(0).WithMessage("Must be 0 or more, or null for no limit.");
        RuleFor(r => r.MaxRatio).InclusiveBetween(0, 1).WithMessage("Must be from 0 to 1, or null for no limit.");
    }
}
