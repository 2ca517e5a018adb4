using System.Text.RegularExpressions;
using FluentValidation;
using FluentValidation.Results;

namespace PipelineService.Datasets.Enrich;

/// <summary>The bounds of <see cref="EnrichOptions"/>, those of each service included.</summary>
public sealed partial class EnrichOptionsValidator : AbstractValidator<EnrichOptions>
{
    private static readonly ServiceOptionsValidator OfService = new();

    public EnrichOptionsValidator()
    {
        RuleFor(o => o.ChunksMax).InclusiveBetween(1, 1_024)
            .GreaterThanOrEqualTo(o => o.Services.Count).WithMessage("There must be at least one for each service.");
        RuleFor(o => o).Custom(static (options, context) =>
        {
            foreach ((string name, ServiceOptions service) in options.Services)
            {
                Check(name, service, options, context);
            }

            foreach ((string name, _) in (options.Secrets ?? []).Where(secret => secret.Value.AsSpan().ContainsAny('\r', '\n', '\0')))
            {
                context.AddFailure(new ValidationFailure($"Secrets.{name}", "Must be one line: it is sent as a header.", "(not shown)"));
            }
        });
    }

    private static void Check(string name, ServiceOptions service, EnrichOptions options, ValidationContext<EnrichOptions> context)
    {
        if (!NameForm().IsMatch(name))
        {
            context.AddFailure(new ValidationFailure(
                $"Services.{name}", "The name must match ^[a-z][a-z0-9_]{0,62}$: small letters, digits and underscores.", name));
        }

        foreach (ValidationFailure fault in OfService.Validate(service).Errors)
        {
            context.AddFailure(new ValidationFailure($"Services.{name}.{fault.PropertyName}", fault.ErrorMessage, fault.AttemptedValue));
        }

        if (service.Secret is { } secret && string.IsNullOrEmpty(options.Secrets?.GetValueOrDefault(secret)))
        {
            context.AddFailure(new ValidationFailure(
                $"Services.{name}.Secret", $"There is no such secret: set Enrich:Secrets:{secret}.", secret));
        }
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex NameForm();
}

/// <summary>The bounds of <see cref="ServiceOptions"/>.</summary>
internal sealed partial class ServiceOptionsValidator : AbstractValidator<ServiceOptions>
{
    public ServiceOptionsValidator()
    {
        RuleFor(o => o.Url)
            .NotNull().WithMessage("Is missing: the address of the service, such as http://geo:8080/lookup.")
            .Must(url => url is null || (url.IsAbsoluteUri && url.Scheme is "http" or "https" && url.UserInfo.Length == 0
                && url.Fragment.Length == 0))
            .WithMessage("Must be an address that begins with http:// or https://, without a user name and without a fragment.");
        RuleFor(o => o.SecretHeader).Must(header => HeaderForm().IsMatch(header)).WithMessage("Must be the name of a header.");
        RuleFor(o => o.Mode).IsInEnum();
        RuleFor(o => o.BatchMax).InclusiveBetween(1, 10_000);
        RuleFor(o => o.Concurrency).InclusiveBetween(1, 100);
        RuleFor(o => o.PerSecond).InclusiveBetween(1, 10_000);
        RuleFor(o => o.Timeout).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        RuleFor(o => o.Retries).InclusiveBetween(0, 10);
        RuleFor(o => o.CacheBytes).InclusiveBetween(0, 16L << 30);
        RuleFor(o => o.CacheFor).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(30));
        RuleFor(o => o.CacheMissingFor).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(30));
        RuleFor(o => o.StaleFor).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromDays(365));
        RuleFor(o => o.AnswerBytesMax).InclusiveBetween(1 << 10, 256 << 20);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9!#$%&'*+.^_`|~-]+\z")]
    private static partial Regex HeaderForm();
}
