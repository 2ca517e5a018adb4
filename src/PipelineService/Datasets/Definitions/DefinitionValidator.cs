using FluentValidation;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// What a definition that could be read must fulfil to mean something. Property paths turn into JSON pointers, see
/// <see cref="JsonPointer.FromPropertyPath"/>.
/// </summary>
internal sealed class DefinitionValidator : AbstractValidator<DatasetDefinition>
{
    public DefinitionValidator()
    {
        RuleFor(d => d.Dialect).SetValidator(new DialectValidator());
        RuleFor(d => d.Schema).SetValidator(d => new TableSchemaValidator(d.Load.Lineage));
        RuleFor(d => d.Schema.FieldsMatch).Must(match => match is null or FieldsMatch.Exact)
            .When(d => d is { Format: DataFormat.Csv, Dialect.Header: false })
            .WithMessage(d => $"\"{DefinitionWords.FieldsMatches.WordFor(d.Schema.FieldsMatch)}\" goes by names, and with dialect.header: "
                + "false the data has none: leave it out. dialect.raggedRows takes records with fewer or more fields.");
        RuleFor(d => d.Load).SetValidator(new LoadPolicyValidator());
        RuleFor(d => d.Rejects).SetValidator(new RejectLimitsValidator());
    }
}

internal sealed class DialectValidator : AbstractValidator<CsvDialect>
{
    public DialectValidator()
    {
        RuleFor(d => d.Delimiter).Must(CanSeparate).WithMessage("Must not be a line end or NUL.");
        RuleFor(d => d.Quote).Must(CanSeparate).OverridePropertyName("QuoteChar").WithMessage("Must not be a line end or NUL.");
        RuleFor(d => d.Quote).NotEqual(d => d.Delimiter).OverridePropertyName("QuoteChar")
            .WithMessage("Must differ from the delimiter.");
    }

    private static bool CanSeparate(byte value) => value is not ((byte)'\r' or (byte)'\n' or 0);
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

            if (IsReserved(table.Schema))
            {
                context.AddFailure($"The schema \"{table.Schema}\" belongs to the service or to PostgreSQL: use another.");
            }
        });
        RuleFor(l => l.KeepUpload).InclusiveBetween(KeepUploadMin, KeepUploadMax)
            .WithMessage("Must be a minute (PT1M) to ten years (P3650D); leave it out to keep nothing.");
    }

    private static bool IsReserved(string schema) =>
        schema is "pipeline" or "information_schema" || schema.StartsWith("pg_", StringComparison.Ordinal);
}

internal sealed class RejectLimitsValidator : AbstractValidator<RejectLimits>
{
    public RejectLimitsValidator()
    {
        RuleFor(r => r.MaxCount).GreaterThanOrEqualTo(0).WithMessage("Must be 0 or more, or null for no limit.");
        RuleFor(r => r.MaxRatio).InclusiveBetween(0, 1).WithMessage("Must be from 0 to 1, or null for no limit.");
    }
}
