using FluentValidation;

namespace PipelineService.Figures;

/// <summary>The ranges of <see cref="FiguresOptions"/>.</summary>
internal sealed class FiguresOptionsValidator : AbstractValidator<FiguresOptions>
{
    public FiguresOptionsValidator() =>
        RuleFor(o => o.Keep).InclusiveBetween(TimeSpan.FromDays(1), TimeSpan.FromDays(3650));
}
