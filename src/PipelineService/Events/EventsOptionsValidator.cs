using System.Buffers.Text;
using System.Text;
using FluentValidation;
using FluentValidation.Results;

namespace PipelineService.Events;

/// <summary>The ranges of <see cref="EventsOptions"/>.</summary>
internal sealed class EventsOptionsValidator : AbstractValidator<EventsOptions>
{
    public const int SecretKeyBytes = 32;

    public EventsOptionsValidator()
    {
        RuleFor(o => o.Keep).InclusiveBetween(TimeSpan.FromDays(1), TimeSpan.FromDays(EventCleaner.KeepDaysMax));
        RuleFor(o => o.StreamsMax).InclusiveBetween(1, 100_000);
        RuleFor(o => o.WebhooksMax).InclusiveBetween(1, 1000);
        RuleFor(o => o.DeliveryTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        RuleFor(o => o.PendingMax).InclusiveBetween(100, 10_000_000);
        RuleFor(o => o.SecretKey).Custom((key, faults) =>
        {
            if (key is not null && !(Base64.IsValid(Encoding.ASCII.GetBytes(key), out int bytes) && bytes == SecretKeyBytes))
            {
                faults.AddFailure(new ValidationFailure(
                    nameof(EventsOptions.SecretKey), "must be 32 bytes in Base64, as openssl rand -base64 32 prints.", "…"));
            }
        });
    }
}
