using System.Globalization;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Access.Keys;

/// <summary>Checks what somebody wants a key to be, from a request or from the command line; all faults at once.</summary>
/// <param name="faults">Takes them: JSON pointer → sentences.</param>
internal sealed class KeyGrantReader(Dictionary<string, string[]> faults, TimeProvider time)
{
    public static readonly string[] Members = ["name", "scopes", "datasets", "source", "tenant", "expiresAt", "limits"];

    /// <summary>A text without control characters.</summary>
    public string? Text(string member, string? text)
    {
        int length = text?.EnumerateRunes().Count() ?? 0;
        if (text is not null && (length is 0 or > KeyGrant.TextLengthMax || text.Any(char.IsControl) || text != text.Trim()))
        {
            Add(member, $"Must have 1 to {KeyGrant.TextLengthMax} printable characters, and no blanks around them.");
        }

        return text;
    }

    public string? Name(string? name)
    {
        if (name is null)
        {
            Add("name", "Is missing: say whose key it is, such as \"acme\".");
        }

        return Text("name", name);
    }

    public string? Tenant(string? tenant)
    {
        if (tenant is not null && !TenantName.IsValid(tenant))
        {
            Add("tenant", $"\"{Excerpt.Of(tenant)}\" does not match {TenantName.Pattern}.");
        }

        return tenant;
    }

    public AccessScopes Scopes(IReadOnlyCollection<string>? scopes)
    {
        if (scopes is null or { Count: 0 })
        {
            Add("scopes", $"Is missing: name some of {string.Join(", ", AccessScopes.Names)}.");
            return default;
        }

        string[] unknown = [.. scopes.Except(AccessScopes.Names)];
        if (unknown.Length > 0)
        {
            Add("scopes", [.. unknown.Take(Problem.UnknownShownMax).Select(scope =>
                $"\"{Excerpt.Of(scope)}\" is none of {string.Join(", ", AccessScopes.Names)}."
                + Suggestion.For(scope, AccessScopes.Names))]);
        }

        return AccessScopes.OfNames(scopes);
    }

    /// <param name="datasets">None: all.</param>
    public DatasetPatterns Datasets(IReadOnlyCollection<string>? datasets)
    {
        string[] wrong = [.. (datasets ?? []).Where(pattern => !DatasetPatterns.IsValid(pattern))];
        if (wrong.Length > 0)
        {
            Add("datasets", [.. wrong.Take(Problem.UnknownShownMax).Select(pattern =>
                $"\"{Excerpt.Of(pattern)}\" is neither the name of a dataset, nor the beginning of one with a star behind (acme_*), "
                + "nor *.")]);
        }
        else if (datasets is { Count: 0 })
        {
            Add("datasets", "Names none. Leave it out for all datasets.");
        }
        else if (datasets?.Count > DatasetPatterns.CountMax)
        {
            Add("datasets", $"Has {datasets.Count} of them; {DatasetPatterns.CountMax} are taken. A beginning with a star stands for many.");
        }
        else if (datasets is not null)
        {
            return DatasetPatterns.Of(datasets);
        }

        return DatasetPatterns.All;
    }

    public DateTimeOffset? ExpiresAt(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (!DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset at))
        {
            Add("expiresAt", $"\"{Excerpt.Of(text)}\" is not a time, such as 2027-01-01T00:00:00Z.");
            return null;
        }

        if (at <= time.GetUtcNow())
        {
            Add("expiresAt", "Is over already.");
        }

        return at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    /// <summary>A limit that is written as a text.</summary>
    /// <param name="option">What it is called there.</param>
    /// <param name="text">Null: there is none.</param>
    public long? Limit(string option, string? text, long min, long max)
    {
        if (text is null)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= min && number <= max)
        {
            return number;
        }

        Add(option, FormattableString.Invariant($"\"{Excerpt.Of(text)}\" is not a whole number from {min:N0} to {max:N0}."));
        return null;
    }

    public void Add(string member, params string[] sentences) => faults[$"/{member}"] = sentences;
}
