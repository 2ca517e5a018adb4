using FluentValidation;
using FluentValidation.Results;
using PipelineService.Access.Keys;
using PipelineService.Access.Tokens;
using PipelineService.Hosting;

namespace PipelineService.Access;

/// <summary>The bounds of <see cref="AccessOptions"/>. What is wrong with a secret is said without the secret.</summary>
internal sealed class AccessOptionsValidator : AbstractValidator<AccessOptions>
{
    private const int SecretLengthMin = 32;
    private const int SecretLengthMax = 1_000;

    /// <summary>A secret of fewer different characters was typed by somebody, and not drawn.</summary>
    private const int DifferentMin = 8;

    public AccessOptionsValidator()
    {
        RuleFor(o => o.KeysMax).InclusiveBetween(1, 1_000_000);
        RuleFor(o => o.RefreshInterval).InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        RuleFor(o => o.TokenClockSkew).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromMinutes(5));
        RuleFor(o => o).Custom((o, faults) =>
        {
            CheckSecret(faults, nameof(o.AdminKey), o.AdminKey);
            CheckSecret(faults, nameof(o.HashKey), o.HashKey);
        });
        RuleFor(o => o.AllowAnonymous).Equal(false).When(o => o.RequireKeys)
            .WithMessage("contradicts Access:RequireKeys. Set one of them.");
        RuleFor(o => o.TokenAudience).NotEmpty().When(o => o.TakesTokens)
            .WithMessage("is missing: a token that was made for another service must not be good for this one.");
        RuleFor(o => o.TokenIssuer).NotEmpty().When(o => o.TokenAudience is not null || o.TokenKeys is not null)
            .WithMessage("is missing: without it no token is taken.");
        RuleFor(o => o).Custom((o, faults) =>
        {
            if (o.TakesTokens && TokenKeys.FaultOf(o) is { } fault)
            {
                Add(faults, nameof(o.TokenKeys), o.TokenKeys ?? o.TokenIssuer, fault);
            }
        });
        RuleFor(o => o.TokenAlgorithms).Custom((text, faults) =>
        {
            string[] words = Words(text);
            foreach (string word in words.Except(JwsAlgorithm.Names))
            {
                faults.AddFailure(
                    $"\"{word}\" cannot be had; there are {string.Join(", ", JwsAlgorithm.Names)}.{Suggestion.For(word, JwsAlgorithm.Names)}");
            }

            if (words.Length == 0)
            {
                faults.AddFailure("must name an algorithm.");
            }
        });
        RuleFor(o => o.TokenTypes).Must(text => Words(text).Length > 0).WithMessage("must name a type, such as JWT.");
        RuleFor(o => o.TokenScopeClaim).NotEmpty();
    }

    internal static string[] Words(string? text) =>
        text?.Split((char[])[' ', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static void CheckSecret(ValidationContext<AccessOptions> faults, string name, string? secret)
    {
        string? fault = secret is null ? null
            : secret.Length is < SecretLengthMin or > SecretLengthMax
                ? $"must have {SecretLengthMin} to {SecretLengthMax} characters, and has {secret.Length}. openssl rand -hex 32 makes one."
            : secret.Any(c => c is <= ' ' or >= (char)127)
                ? "must have visible ASCII characters alone, since it goes into headers."
            : secret.Distinct().Count() < DifferentMin
                ? "can be guessed: it has hardly any different characters. openssl rand -hex 32 makes a good one."
            : secret.StartsWith(KeyText.Prefix, StringComparison.Ordinal)
                ? $"must not begin with {KeyText.Prefix}: keys that were made by the service do."
            : null;
        if (fault is not null)
        {
            Add(faults, name, "…", fault);
        }
    }

    private static void Add(ValidationContext<AccessOptions> faults, string name, string? shown, string fault) =>
        faults.AddFailure(new ValidationFailure(name, fault, shown));
}
